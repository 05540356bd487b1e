import { type Graph, GraphBuilder, type Node, type Value } from "../../graph/graph.js";
import type { Optimizations } from "../optimizations.js";

/** A graph that is being rebuilt node by node. */
export interface Rewriting {
  /** The new graph so far. */
  readonly g: GraphBuilder;
  /** The value of the new graph that stands for a value of the old graph. */
  readonly of: (old: Value) => Value;
  /** Adds the node to the new graph, unchanged but for its operands. */
  readonly copy: (node: Node) => readonly Value[];
}

/**
 * The values that replace a node's outputs, or a function that builds the only output when it is
 * first read.
 */
export type Replacement = readonly Value[] | (() => Value);

/**
 * The graph with each node replaced by the values that `visit` builds. Equal nodes of the result
 * are shared.
 */
export function rewrite(
  graph: Graph,
  optimizations: Optimizations,
  visit: (node: Node, rewriting: Rewriting) => Replacement,
): Graph {
  const g = new GraphBuilder(optimizations);
  const values = new Map<Value, Value | (() => Value)>();
  for (const input of graph.inputs) values.set(input, g.input(input));
  for (const { value, data } of graph.constants)
    values.set(value, g.constant(value.dtype, value.shape, data));
  const of = (old: Value): Value => {
    const value = values.get(old)!;
    return typeof value === "function" ? value() : value;
  };
  const copy = ({ op, inputs, outputs, attributes, domain }: Node) =>
    g.multi(op, inputs.map(of), outputs, { attributes, domain });
  for (const node of graph.nodes) {
    g.origin = node.origin;
    const results = visit(node, { g, of, copy });
    node.outputs.forEach((output, i) => {
      values.set(output, typeof results === "function" ? results : results[i]);
    });
  }
  return g.finish(graph.outputs.map(of));
}
