import type { Graph, Node, Value } from "../graph/graph.js";
import { eliminateDeadCode } from "../lowering/passes/dead-code.js";

/** Operators whose third input is a bias: a vector that is added along axis 1 of the result. */
const linear = new Set(["Conv", "ConvTranspose", "Gemm"]);

/**
 * Replaces each sum of a linear operator and a constant vector by one node, with the vector as its
 * bias.
 */
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

  /**
   * The constant vector that `value` adds along axis 1 of `result`; null where `value` is something
   * else.
   */
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
