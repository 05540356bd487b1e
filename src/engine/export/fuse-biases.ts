import type { Graph, Node, Value } from "../graph/graph.js";
import { eliminateDeadCode } from "../lowering/passes/dead-code.js";

/** Operators that take a bias as their third input, one number for each index along axis 1 of the result. */
const linear = new Set(["Conv", "ConvTranspose", "Gemm"]);

/** The graph with sums of linear operators and constant vectors as one node each, the vector being its bias. */
export function fuseBiases(graph: Graph): Graph {
  const constants = new Set(graph.constants.map(({ value }) => value));
  const writers = new Map<Value, Node>();
  const reads = new Map<Value, number>();
  const read = (value: Value) => reads.set(value, (reads.get(value) ?? 0) + 1);
  graph.outputs.forEach(read);
  for (const node of graph.nodes) {
    for (const output of node.outputs) writers.set(output, node);
    node.inputs.forEach(read);
  }

  /** The vector that `value` is, where it broadcasts along axis 1 of `result`. */
  const vector = (value: Value, result: Value): Value | null => {
    const [, channels] = result.shape;
    const along = [channels, ...result.shape.slice(2).map(() => 1)].join();
    const source = constants.has(value) ? value : reshaped(writers.get(value));
    const shape = value.shape.join();
    const fits = source?.shape.join() === `${channels}` && (shape === along || shape === `1,${along}`);
    return fits && constants.has(source) ? source : null;
  };
  const fused = (node: Node): Node => {
    if (node.op !== "Add") return node;
    const [a, b] = node.inputs as [Value, Value];
    for (const [sum, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const writer = writers.get(sum);
      if (!writer || !linear.has(writer.op) || writer.inputs.length !== 2 || reads.get(sum) !== 1) continue;
      const bias = vector(other, sum);
      if (bias) return { ...writer, inputs: [...writer.inputs, bias], outputs: node.outputs };
    }
    return node;
  };
  return eliminateDeadCode({ ...graph, nodes: graph.nodes.map(fused) });
}

const reshaped = (node: Node | undefined): Value | null => (node?.op === "Reshape" ? node.inputs[0] : null);
