import type { TensorSpec } from "../../base/tensor.js";
import { type Constant, type Graph, type Node, nextId, type Origin, type Value } from "../graph/graph.js";

/** A node that takes the place of a cut: it computes the graph's input `result` from the value `argument`. */
export interface Splice {
  readonly op: string;
  readonly attributes: Node["attributes"];
  readonly argument: Value;
  /** Its inputs after the argument. */
  readonly operands: readonly Value[];
  readonly result: Value;
  /** Of its outputs after the result, which nobody reads. */
  readonly unread: readonly TensorSpec[];
  readonly origin: Origin;
}

/**
 * The graph with some of its inputs computed by nodes of their own, and others stored in it as constants. Nodes come
 * in an order in which every value is written before it is read.
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

/** The nodes so that each comes after those that write what it reads, otherwise in the given order. */
function inOrder(nodes: readonly Node[]): Node[] {
  const writers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const ordered: Node[] = [];
  const placed = new Set<Node>();
  // Depth first with a stack of its own: a network of hundreds of layers would exhaust that of the language.
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
