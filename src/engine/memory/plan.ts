import { sizeOf } from "../../base/tensor.js";
import type { Graph, GraphDType, Node, Value } from "../graph/graph.js";
import { executionOrder } from "./execution-order.js";

/** Bytes that a run of a graph needs, by plan. */
export interface PlannedMemory {
  readonly inputs: number;
  readonly outputs: number;
  readonly constants: number;
  /**
   * What must be there at once, at the worst node of the run: inputs, constants and every intermediate result from the node that
   * makes it to the last one that reads it (outputs to the end). A Reshape shares the storage of its operand, unless it makes an output.
   */
  readonly peak: number;
}

const BYTES: Record<GraphDType, number> = { float32: 4, float64: 8, int32: 4, uint32: 4, int64: 8, bool: 1 };

const bytesOf = ({ dtype, shape }: Value): number => BYTES[dtype] * sizeOf(shape);

const total = (values: readonly Value[]): number => values.reduce((sum, value) => sum + bytesOf(value), 0);

/**
 * The memory plan of a graph run node by node in the runtime's order. The runtime comes close to it where it releases promptly
 * (`passes/prompt-release.ts`), but for its arena, which rounds sizes up and keeps what it once had.
 */
export function planMemory(graph: Graph): PlannedMemory {
  const { inputs, constants, outputs } = graph;
  const nodes = executionOrder(graph);
  const storage = new Map<Value, Value>();
  const stored = (value: Value): Value => storage.get(value) ?? value;
  const results = new Set(outputs);
  const isAlias = ({ op, outputs }: Node) => op === "Reshape" && !results.has(outputs[0]);
  const lastReader = new Map<Value, number>();
  nodes.forEach((node, i) => {
    const { inputs, outputs } = node;
    if (isAlias(node)) storage.set(outputs[0], stored(inputs[0]));
    for (const input of inputs) lastReader.set(stored(input), i);
  });
  for (const output of outputs) lastReader.set(stored(output), nodes.length);
  const released = nodes.map((): Value[] => []);
  for (const [value, i] of lastReader) released[i]?.push(value);

  const values = constants.map(({ value }) => value);
  const given = new Set<Value>([...inputs, ...values]);
  let live = 0;
  let most = 0;
  nodes.forEach((node, i) => {
    const { outputs } = node;
    if (!isAlias(node)) live += total(outputs);
    most = Math.max(most, live);
    for (const value of released[i]) if (!given.has(value)) live -= bytesOf(value);
    // A second output that nobody reads goes at once.
    for (const output of outputs) if (!lastReader.has(stored(output))) live -= bytesOf(output);
  });
  const held = { inputs: total(inputs), outputs: total(outputs), constants: total(values) };
  return { ...held, peak: held.inputs + held.constants + most };
}
