import { type Graph, GraphBuilder, type Node, type Value } from "../../graph/graph.js";
import type { Optimizations } from "../optimizations.js";

/** A graph being rebuilt node by node. */
export interface Rewriting {
  /** The new graph so far. */
  readonly g: GraphBuilder;
  /** What a value of the old graph is in the new one. */
  readonly of: (old: Value) => Value;
  /** The node as it is, on new operands. */
  readonly copy: (node: Node) => readonly Value[];
}

/** What replaces a node: its values, or a way to build its only value when somebody needs it. */
export type Replacement = readonly Value[] | (() => Value);

/** The graph with every node replaced by what `visit` builds for it. Equal work is done once in the result. */
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
