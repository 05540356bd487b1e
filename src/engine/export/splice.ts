import type { TensorSpec } from "../../base/tensor.js";
import { type Constant, type Graph, type Node, nextId, type Origin, type Value } from "../graph/graph.js";

/** A node that joins the two sides of a cut. */
export interface Splice {
  readonly op: string;
  readonly attributes: Node["attributes"];
  /** The value that the node takes. */
  readonly argument: Value;
  /** The node's inputs after the argument. */
  readonly operands: readonly Value[];
  /** The former input of the graph. The node computes it. */
  readonly result: Value;
  /** Shapes and element types of the node's outputs after the result, which nothing reads. */
  readonly unread: readonly TensorSpec[];
  readonly origin: Origin;
}

/**
 * Adds nodes that compute some of the graph's inputs, and stores other inputs as constants. The
 * nodes of the result are ordered so that every value is written before it is read.
 */
export function splice(graph: Graph, splices: readonly Splice[], stored: readonly Constant[]): Graph {
  const given = new Set([...splices.map(({ result }) => result), ...stored.map(({ value }) => value)]);
  let id = nextId(graph);
  const nodes = [
    ...graph.nodes,
    ...splices.map(({ argument, operands, result, unread, ...rest }): Node => {
      const others = unread.map(({ dtype, shape }): Value => ({ id: id++, dtype, shape }));
      return { ...rest, domain: "", inputs: [argument, ...operands], outputs: [result, ...others] };
    }),
  ];
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  return {
    inputs: graph.inputs.filter((input) => !given.has(input)),
    constants: [...graph.constants, ...stored.filter(({ value }) => read.has(value))],
    nodes: inOrder(nodes),
    outputs: graph.outputs,
  };
}

/** The nodes in the given order, except that each comes after the nodes whose outputs it reads. */
function inOrder(nodes: readonly Node[]): Node[] {
  const writers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const ordered: Node[] = [];
  const placed = new Set<Node>();
  // Depth first, with an explicit stack: recursion would exhaust JavaScript's stack in deep
  // networks.
  for (const root of nodes) {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      const missing = node.inputs
        .map((input) => writers.get(input))
        .filter((writer) => writer !== undefined && !placed.has(writer)) as Node[];
      if (placed.has(node) || missing.length === 0) {
        stack.pop();
        if (!placed.has(node)) ordered.push(node);
        placed.add(node);
      } else stack.push(...missing.reverse());
    }
  }
  return ordered;
}
