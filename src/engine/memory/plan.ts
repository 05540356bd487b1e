import { sizeOf } from "../../base/tensor.js";
import type { Graph, GraphDType, Node, Value } from "../graph/graph.js";
import { executionOrder } from "./execution-order.js";

/** Planned bytes of one run of a graph. */
export interface PlannedMemory {
  /** Bytes of all inputs. */
  readonly inputs: number;
  /** Bytes of all outputs. */
  readonly outputs: number;
  /** Bytes of all constants. */
  readonly constants: number;
  /**
   * Most bytes that are needed at once: inputs, constants, and at the worst node all living
   * results. A result lives from the node that computes it to the last node that reads it; an
   * output lives to the end. A Reshape shares the storage of its operand, unless its result is an
   * output.
   */
  readonly peak: number;
}

const BYTES: Record<GraphDType, number> = { float32: 4, float64: 8, int32: 4, uint32: 4, int64: 8, bool: 1 };

const bytesOf = ({ dtype, shape }: Value): number => BYTES[dtype] * sizeOf(shape);

const total = (values: readonly Value[]): number => values.reduce((sum, value) => sum + bytesOf(value), 0);

/**
 * Plans the memory of a run, node by node in the runtime's order of execution. The runtime needs
 * about as much where it releases dead values at once (`lowering/passes/prompt-release.ts`). Its
 * allocator needs somewhat more: it rounds sizes up and keeps freed memory.
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
    // An output of the node that no node reads is released at once.
    for (const output of outputs) if (!lastReader.has(stored(output))) live -= bytesOf(output);
  });
  const held = { inputs: total(inputs), outputs: total(outputs), constants: total(values) };
  return { ...held, peak: held.inputs + held.constants + most };
}
