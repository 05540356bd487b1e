import { describe, expect, it } from "vitest";
import type { Graph } from "../../src/engine/graph.js";
import { lang, type TracedFunction } from "../../src/engine/index.js";
import { optimize } from "../../src/engine/lower.js";
import { BufferPlanner, usage } from "../../src/engine/memory/buffers.js";
import { executionOrder } from "../../src/engine/memory/execution-order.js";
import { OPTIMIZED } from "../../src/engine/optimizations.js";
import { trace } from "../../src/engine/trace.js";
import { sizeOf } from "../../src/tensor.js";
import { expectAsPlanned } from "./planned-as-run.js";
import { compiled, tensor } from "./support.js";

const L = lang;
const KERNELS = [
  [32, 16, 1, 1],
  [32, 32, 3, 3],
  [32, 32, 1, 1],
  [32, 32, 3, 3],
];
const INPUTS = [
  tensor([16, 16, 32, 32], "float32", 1),
  ...KERNELS.map((shape, i) => tensor(shape, "float32", i + 2)),
];

/** Layers of one shape, and their gradients: buffers of the forward pass would suit the backward pass. */
const gradient: TracedFunction = (x, ...kernels) =>
  L.valueAndGrad((...w) => {
    const top = w.reduce((h, kernel) => {
      const border = kernel.shape[2]! >> 1;
      const padding = [
        [border, border],
        [border, border],
      ] as const;
      const y = L.conv(h, kernel, { strides: [1, 1], padding, dilations: [1, 1], groups: 1 });
      const moment = (v: lang.Traced) => L.mean(v, [0, 2, 3], { keepdims: true });
      const centred = L.sub(y, moment(y));
      return L.relu(L.div(centred, L.sqrt(L.add(moment(L.square(centred)), 1e-5))));
    }, x!);
    return { value: L.sum(L.square(top)), aux: [] };
  }, kernels).grads;

const graphs = [false, true].map((promptRelease) =>
  optimize(trace(gradient, INPUTS), { ...OPTIMIZED, promptRelease }),
) as [Graph, Graph];

const peak = (graph: Graph): number => {
  const order = executionOrder(graph);
  return Math.max(...usage(new BufferPlanner(graph, order).plan(new Set()), order.length));
};

describe.each([
  ["as shapes are known", graphs[0]],
  ["with some of them hidden", graphs[1]],
])("what the memory of a run is planned from, %s", (_, graph) => {
  it("is what ONNX Runtime does", () => expectAsPlanned(graph, INPUTS));
});

describe("prompt release", () => {
  it("leaves what the values need themselves", () => {
    const [before, after] = graphs.map(peak) as [number, number];
    // Each value on its own, from the node that makes it to the last that reads it.
    const order = executionOrder(graphs[0]);
    const planner = new BufferPlanner(graphs[0], order);
    const needed = Math.max(
      ...usage(planner.plan(new Set(order.filter(({ op }) => op === "Reshape"))), order.length),
    );
    expect(before).toBeGreaterThan(1.1 * needed);
    expect(after).toBeLessThanOrEqual(1.02 * needed);
  });

  it("hides the shapes of large values only, each of them once", () => {
    const { nodes } = graphs[1];
    const identities = nodes.filter(({ op }) => op === "Identity");
    const shapes = new Set(identities.map(({ inputs }) => inputs[0]));
    expect(shapes.size).toBe(identities.length);
    const hidden = new Set(identities.map(({ outputs }) => outputs[0]));
    for (const { inputs, outputs } of nodes)
      if (hidden.has(inputs[1])) expect(sizeOf(outputs[0]!.shape) * 4).toBeGreaterThanOrEqual(1 << 18);
  });

  it("keeps every bit of the results", async () => {
    const run = (promptRelease: boolean) => compiled(gradient, INPUTS, { optimizations: { promptRelease } });
    const [before, after] = await Promise.all([run(false), run(true)]);
    before!.forEach((result, i) => {
      expect(after![i]!.data).toEqual(result.data);
    });
  });

  it("leaves small programs alone", () => {
    const small = INPUTS.with(0, tensor([4, 16, 32, 32], "float32"));
    const { nodes } = optimize(trace(gradient, small), OPTIMIZED);
    expect(nodes.filter(({ op }) => op === "Identity")).toEqual([]);
  });
});
