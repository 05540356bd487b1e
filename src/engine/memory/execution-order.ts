import type { Graph, Node, Value } from "../graph/graph.js";

/**
 * The nodes in the order in which ONNX Runtime executes them, which is not the order of the file.
 * The runtime goes depth first from the nodes whose results no node reads, beginning with the last
 * one in the file. Before a node it executes the nodes that the node reads, beginning with the last
 * one in the file.
 */
export function executionOrder({ nodes }: Graph): Node[] {
  const producers = new Map<Value, number>();
  nodes.forEach(({ outputs }, i) => {
    for (const output of outputs) producers.set(output, i);
  });
  const operands = nodes.map(({ inputs }) => {
    const made = inputs.map((input) => producers.get(input)).filter((i) => i !== undefined);
    return [...new Set(made)].sort((a, b) => a - b);
  });
  const read = new Set(operands.flat());
  const order: Node[] = [];
  const entered = new Set<number>();
  // On the stack, index i means that node i is to be entered, and −1 − i that it is to be executed.
  const stack = nodes.flatMap((_, i) => (read.has(i) ? [] : [i]));
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (top < 0) {
      order.push(nodes[-1 - top]);
    } else if (!entered.has(top)) {
      entered.add(top);
      stack.push(-1 - top, ...operands[top].filter((i) => !entered.has(i)));
    }
  }
  return order;
}
