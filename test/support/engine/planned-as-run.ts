import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { expect } from "vitest";
import { sizeOf, type Tensor } from "../../../src/base/tensor.js";
import { emit, nodeName } from "../../../src/engine/graph/emit.js";
import type { Graph, Node, Value } from "../../../src/engine/graph/graph.js";
import { executionOrder } from "../../../src/engine/memory/execution-order.js";

/** Names of nodes in ONNX Runtime's order of execution, and of the nodes that allocated memory. */
async function observe(
  graph: Graph,
  given: readonly Tensor[],
): Promise<{ executed: string[]; allocating: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "blindspot-test-"));
  const names = {
    inputs: graph.inputs.map((_, i) => `input${i}`),
    outputs: graph.outputs.map((_, i) => `output${i}`),
  };
  const session = await ort.InferenceSession.create(emit(graph, names), {
    graphOptimizationLevel: "disabled",
    enableMemPattern: false,
    enableProfiling: true,
    profileFilePrefix: join(folder, "run"),
    extra: { session: { collect_node_memory_stats_to_file: join(folder, "memory.csv") } },
  });
  await session.run(
    Object.fromEntries(
      given.map(({ data, shape }, i) => [
        `input${i}`,
        new ort.Tensor("float32", data as Float32Array, [...shape]),
      ]),
    ),
  );
  session.endProfiling();
  await session.release();
  const profile = readdirSync(folder).find((file) => file.endsWith(".json"))!;
  const events = JSON.parse(readFileSync(join(folder, profile), "utf8")) as {
    name: string;
    cat: string;
    ts: number;
  }[];
  const [, ...rows] = readFileSync(join(folder, "memory.csv"), "utf8").trim().split("\n");
  rmSync(folder, { recursive: true });
  return {
    executed: events
      .filter(({ name, cat }) => cat === "Node" && name.endsWith("_kernel_time"))
      .sort((a, b) => a.ts - b.ts)
      .map(({ name }) => name.replace("_kernel_time", "")),
    // The name of a row ends in a hash. Its fourth field is the number of bytes that the node
    // allocated.
    allocating: rows
      .map((row) => row.split(","))
      .filter((fields) => Number(fields[3]) > 0)
      .map(([name]) => name.slice(0, name.lastIndexOf("_"))),
  };
}

/**
 * Checks that ONNX Runtime executes the graph in the planned order, and that it allocates memory
 * for every value except results of Reshape. Such a result shares its operand's memory, unless it
 * is an output.
 */
export async function expectAsPlanned(graph: Graph, given: readonly Tensor[]): Promise<void> {
  const { executed, allocating } = await observe(graph, given);
  const names = new Map(graph.nodes.map((node, i) => [node, nodeName(node, i)]));
  expect(executed).toEqual(executionOrder(graph).map((node) => names.get(node)));
  const isAlias = ({ op, outputs }: Node) => op === "Reshape" && !graph.outputs.includes(outputs[0]);
  const isLarge = ({ shape }: Value) => sizeOf(shape) * 4 >= 1024;
  const large = graph.nodes.filter(({ outputs }) => outputs.some(isLarge));
  const largeNames = new Set(large.map((node) => names.get(node)!));
  const planned = large.flatMap((node) => (isAlias(node) ? [] : [names.get(node)!]));
  expect(allocating.filter((name) => largeNames.has(name)).sort()).toEqual(planned.sort());
}
