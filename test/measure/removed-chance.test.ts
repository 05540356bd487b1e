import { expect, it } from "vitest";
import { load } from "../../src/audit/load.js";
import { ModelMeasurer } from "../../src/audit/measuring/measure-model.js";
import { open } from "../../src/audit/open.js";
import { sizeOf, type Tensor } from "../../src/base/tensor.js";
import { type Elements, float, modelBytes, type NodeSpec } from "../support/onnx/build.js";
import { normals } from "../support/tensors.js";

/**
 * The chance level of `removed` against its definition: white noise takes the place of G, and the
 * squared lengths of the weight gradient and of its removed part are averaged over many draws.
 *
 * The models compute x → ReLU → linear op → normalization → Σ noise ∘ y, so that G is the noise.
 */

interface Case {
  readonly input: readonly number[];
  /** Shape of the value `x` that enters the normalization. */
  readonly features: readonly number[];
  readonly weights: Readonly<Record<string, readonly number[]>>;
  /** The nodes from the value `a`, after the ReLU, to `x`. */
  readonly linear: readonly NodeSpec[];
  readonly norm: "batch" | "layer" | "rms" | "instance" | { readonly groups: number };
  /** Whether random signs estimate the chance level. */
  readonly estimated?: true;
}

const conv = (attributes: NodeSpec["attributes"], op = "Conv"): NodeSpec[] => [
  { op, inputs: ["a", "w", "b"], outputs: ["x"], attributes },
];
const gemm = (attributes: NodeSpec["attributes"]): NodeSpec[] => [
  { op: "Gemm", inputs: ["a", "w", "b"], outputs: ["x"], attributes },
];
const linear: NodeSpec[] = [
  { op: "MatMul", inputs: ["a", "w"], outputs: ["p"] },
  { op: "Add", inputs: ["p", "b"], outputs: ["x"] },
];
const pads = [1, 1, 1, 1];

const cases: Record<string, Case> = {
  "batch norm of a Linear": {
    ...{ input: [16, 6], features: [16, 5], weights: { w: [6, 5], b: [5] } },
    ...{ linear, norm: "batch" },
  },
  "batch norm of a Gemm with a transposed weight and alpha": {
    ...{ input: [16, 6], features: [16, 5], weights: { w: [5, 6], b: [5] } },
    ...{ linear: gemm({ transB: 1, alpha: 0.5 }), norm: "batch" },
  },
  "batch norm of a Conv": {
    ...{ input: [4, 3, 5, 5], features: [4, 6, 5, 5], weights: { w: [6, 3, 3, 3], b: [6] } },
    ...{ linear: conv({ pads }), norm: "batch" },
  },
  "batch norm of a grouped and strided Conv": {
    ...{ input: [4, 4, 6, 6], features: [4, 6, 3, 3], weights: { w: [6, 2, 3, 3], b: [6] } },
    ...{ linear: conv({ pads, group: 2, strides: [2, 2] }), norm: "batch" },
  },
  "batch norm of a ConvTranspose": {
    ...{ input: [4, 4, 3, 3], features: [4, 5, 5, 5], weights: { w: [4, 5, 3, 3], b: [5] } },
    ...{ linear: conv({ pads, strides: [2, 2] }, "ConvTranspose"), norm: "batch" },
  },
  "batch norm of a grouped ConvTranspose": {
    ...{ input: [4, 4, 3, 3], features: [4, 6, 5, 5], weights: { w: [4, 3, 3, 3], b: [6] } },
    ...{ linear: conv({ pads, strides: [2, 2], group: 2 }, "ConvTranspose"), norm: "batch" },
  },
  "batch norm of a Linear that is reshaped to maps": {
    ...{ input: [12, 5], features: [12, 3, 2, 2], weights: { w: [5, 12], b: [12] } },
    linear: [
      { op: "MatMul", inputs: ["a", "w"], outputs: ["p"] },
      { op: "Sub", inputs: ["b", "p"], outputs: ["q"] },
      { op: "Reshape", inputs: ["q", "shape"], outputs: ["x"] },
    ],
    norm: "batch",
  },
  "batch norm of a Linear over the last axis of [N, L, C], transposed": {
    ...{ input: [4, 6, 5], features: [4, 7, 6], weights: { w: [5, 7], b: [7] } },
    linear: [
      { op: "MatMul", inputs: ["a", "w"], outputs: ["p"] },
      { op: "Add", inputs: ["p", "b"], outputs: ["q"] },
      { op: "Transpose", inputs: ["q"], outputs: ["x"], attributes: { perm: [0, 2, 1] } },
    ],
    norm: "batch",
  },
  "batch norm of a Linear over the last axis of [N, C, L]": {
    ...{ input: [6, 4, 7], features: [6, 4, 5], weights: { w: [7, 5], b: [5] } },
    ...{ linear, norm: "batch", estimated: true },
  },
  "layer norm of a Linear": {
    ...{ input: [8, 6], features: [8, 5], weights: { w: [6, 5], b: [5] } },
    ...{ linear, norm: "layer" },
  },
  "RMS norm of a Linear over tokens": {
    ...{ input: [3, 4, 6], features: [3, 4, 5], weights: { w: [6, 5], b: [5] } },
    ...{ linear, norm: "rms" },
  },
  "group norm of a Conv": {
    ...{ input: [4, 3, 4, 4], features: [4, 6, 4, 4], weights: { w: [6, 3, 3, 3], b: [6] } },
    ...{ linear: conv({ pads }), norm: { groups: 2 }, estimated: true },
  },
  "layer norm over the channels and positions of a grouped Conv": {
    ...{ input: [4, 4, 4, 4], features: [4, 6, 4, 4], weights: { w: [6, 2, 3, 3], b: [6] } },
    ...{ linear: conv({ pads, group: 2 }), norm: { groups: 1 }, estimated: true },
  },
  "instance norm of a strided Conv": {
    ...{ input: [4, 3, 6, 6], features: [4, 4, 3, 3], weights: { w: [4, 3, 3, 3], b: [4] } },
    ...{ linear: conv({ pads, strides: [2, 2] }), norm: "instance", estimated: true },
  },
};

const DRAWS = 300;

it.each(Object.entries(cases))("equals the mean over white noise for %s", async (_, given) => {
  await using measurer = await opened(given);
  const { weights } = await measurer.measure(0);
  const sums = { open: [] as number[], removed: [] as number[] };
  for (let draw = 1; draw <= DRAWS; draw++) {
    const { open, removed } = (await measurer.measure(draw)).weights;
    sums.open.push(open ** 2);
    sums.removed.push((open * removed) ** 2);
  }
  const { ratio, error } = ratioOfMeans(sums.removed, sums.open);
  expect(weights.chanceSd === null).toBe(given.estimated === undefined);
  const spread = Math.hypot(error, weights.chanceSd ?? 0);
  expect(Math.abs(weights.chance! - ratio)).toBeLessThan(3 * spread);
  expect(error / ratio).toBeLessThan(0.04);
  // No gradient of the batch has a part in the chance level.
  expect((await measurer.measure(1)).weights.chance! / weights.chance!).toBeCloseTo(1, 9);
});

/** √(mean a / mean b) of paired draws, with its standard error. */
function ratioOfMeans(a: readonly number[], b: readonly number[]): { ratio: number; error: number } {
  const mean = (values: readonly number[]) => values.reduce((x, y) => x + y, 0) / values.length;
  const square = mean(a) / mean(b);
  const residuals = a.map((value, i) => ((value - square * b[i]) / mean(b)) ** 2);
  const ratio = Math.sqrt(square);
  return { ratio, error: Math.sqrt(mean(residuals) / a.length) / (2 * ratio) };
}

async function opened({ input, features, weights, linear, norm }: Case) {
  const entries = typeof norm === "object" ? norm.groups : features[1];
  const numbers = (shape: readonly number[], seed: number): number[] =>
    Array.from(normals(sizeOf(shape), seed));
  const initializers: Record<string, Elements> = {
    shape: { type: "int64", shape: [features.length], data: features },
    scale: float([entries], Array(entries).fill(1)),
    shift: float([entries], Array(entries).fill(0)),
    ones: float(features.slice(-1), Array(features.at(-1)!).fill(1)),
    zeros: float(features.slice(-1), Array(features.at(-1)!).fill(0)),
  };
  for (const [i, [name, shape]] of Object.entries(weights).entries())
    initializers[name] = float(shape, numbers(shape, 10 + i));
  const bytes = modelBytes({
    inputs: { input: { shape: input }, noise: { shape: features } },
    initializers,
    nodes: [
      { op: "Relu", inputs: ["input"], outputs: ["a"] },
      ...linear,
      normNode(norm),
      { op: "Mul", inputs: ["z", "noise"], outputs: ["m"] },
      { op: "ReduceSum", inputs: ["m"], outputs: ["loss"], attributes: { keepdims: 0 } },
    ],
    outputs: ["loss"],
  });
  const tensor = (shape: readonly number[], seed: number): Tensor => ({
    dtype: "float64",
    shape,
    data: normals(sizeOf(shape), seed),
  });
  const data = { input: tensor(input, 1), noise: tensor(features, 2) };
  const loaded = await load(bytes, { data });
  const { opened, loss } = open(loaded, { loss: "output", precision: "float64" });
  const measurer = new ModelMeasurer(opened, loss, { device: "cpu", cacheKey: "", onProgress: () => {} });
  const params = opened.params.map((weight) => weight.load());
  return {
    measure: async (seed: number) => {
      const inputs = opened.inputs.map(({ name }) =>
        name === "noise" ? tensor(features, 100 + seed) : data.input,
      );
      const { layers } = await measurer.measure({ params, inputs, target: [] });
      return { weights: layers[0].weights! };
    },
    [Symbol.asyncDispose]: () => measurer[Symbol.asyncDispose](),
  };
}

function normNode(norm: Case["norm"]): NodeSpec {
  const outputs = ["z"];
  const moments = ["shift", "scale"];
  if (norm === "batch")
    return { op: "BatchNormalization", inputs: ["x", "scale", "shift", ...moments], outputs };
  if (norm === "layer") return { op: "LayerNormalization", inputs: ["x", "ones", "zeros"], outputs };
  if (norm === "rms") return { op: "RMSNormalization", inputs: ["x", "ones"], outputs };
  if (norm === "instance") return { op: "InstanceNormalization", inputs: ["x", "scale", "shift"], outputs };
  return {
    ...{ op: "GroupNormalization", inputs: ["x", "scale", "shift"], outputs },
    attributes: { num_groups: norm.groups },
  };
}
