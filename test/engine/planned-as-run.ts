import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { expect } from "vitest";
import { emit, nodeName } from "../../src/engine/emit.js";
import type { Graph } from "../../src/engine/graph.js";
import { BufferPlanner } from "../../src/engine/memory/buffers.js";
import { executionOrder } from "../../src/engine/memory/execution-order.js";
import type { Tensor } from "../../src/tensor.js";

/** What ONNX Runtime says of a run: names of nodes in the order of execution, and those that took new memory. */
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
    // A row's name ends in a hash; its fourth number is what the node's results took.
    allocating: rows
      .map((row) => row.split(","))
      .filter((fields) => Number(fields[3]) > 0)
      .map(([name]) => name!.slice(0, name!.lastIndexOf("_"))),
  };
}

/** ONNX Runtime executes the graph in the order that is planned with, and takes memory where buffers begin by plan. */
export async function expectAsPlanned(graph: Graph, given: readonly Tensor[]): Promise<void> {
  const { executed, allocating } = await observe(graph, given);
  const order = executionOrder(graph);
  const names = new Map(graph.nodes.map((node, i) => [node, nodeName(node, i)]));
  expect(executed).toEqual(order.map((node) => names.get(node)));
  // Buffers begin where memory is taken. Scalars and what Shape-like nodes make are too small to be counted.
  const first = new BufferPlanner(graph, order)
    .plan(new Set())
    .filter(({ bytes }) => bytes >= 1024)
    .map(({ tenants }) => names.get(order[tenants[0]!.from]!)!);
  const large = new Set(
    graph.nodes.flatMap((node, i) =>
      node.outputs.some((o) => o.shape.reduce((a, b) => a * b, 4) >= 1024) ? [nodeName(node, i)] : [],
    ),
  );
  expect([...new Set(first)].sort()).toEqual(allocating.filter((name) => large.has(name)).sort());
}
