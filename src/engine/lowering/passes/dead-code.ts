import type { Graph, Node, Value } from "../../graph/graph.js";

/**
 * The graph without nodes and constants that no output depends on. Operators have no side effects.
 */
export function eliminateDeadCode(graph: Graph): Graph {
  const live = new Set<Value>(graph.outputs);
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => live.has(output))) continue;
    for (const input of node.inputs) live.add(input);
    nodes.push(node);
  }
  return {
    ...graph,
    nodes: nodes.reverse(),
    constants: graph.constants.filter(({ value }) => live.has(value)),
  };
}
