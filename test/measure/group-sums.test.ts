import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { auditModel } from "../../src/audit/index.js";
import type { LayerReport } from "../../src/audit/report/result.js";
import { allocate, sizeOf, type Tensor } from "../../src/base/tensor.js";
import { groupSums, isDoubtful } from "../../src/measure/group-sums.js";
import { estimatedIdentityError } from "../../src/measure/identity.js";
import { writeNpz } from "../../src/tensor-files/index.js";
import { compiled, tensor } from "../support/engine/programs.js";
import { float, modelBytes } from "../support/onnx/build.js";
import { temporaryFolder } from "../support/temporary.js";

/** Layers of more than 2¹⁸ elements: their y and G are summed within the graph. */

const folder = temporaryFolder();
const IMAGE = [32, 4, 24, 24];
const FEATURES = [32, 16, 24, 24];

const numbers = (shape: readonly number[], seed: number): number[] =>
  Array.from(tensor(shape, "float64", seed).data);
const kernel = (shape: readonly number[], seed: number) => float(shape, numbers(shape, seed));

/**
 * conv → bn → relu → conv → bn, without a kink above the second bn; the first filter gives `dead`
 * wherever it is.
 */
function modelFile(dead?: number): string {
  const w1 = kernel([16, 4, 3, 3], 1);
  const first = dead !== undefined ? { ...w1, data: w1.data.map((w, i) => (i < 36 ? 0 : w)) } : w1;
  const vector = (seed: number, offset: number) =>
    float(
      [16],
      numbers([16], seed).map((v) => v / 4 + offset),
    );
  const padding = { pads: [1, 1, 1, 1] };
  const moments = ["mean", "var"];
  const bytes = modelBytes({
    inputs: { input: { shape: IMAGE } },
    initializers: {
      "conv1.weight": first,
      "conv1.bias": dead === undefined ? vector(3, 0.3) : float([16], Array(16).fill(dead)),
      "bn1.weight": vector(4, 1),
      "bn1.bias": vector(5, 0),
      "conv2.weight": kernel([16, 16, 3, 3], 2),
      "bn2.weight": vector(6, 1),
      "bn2.bias": vector(7, 0),
      mean: float([16], Array(16).fill(0)),
      var: float([16], Array(16).fill(1)),
    },
    nodes: [
      { op: "Conv", inputs: ["input", "conv1.weight", "conv1.bias"], outputs: ["x1"], attributes: padding },
      { op: "BatchNormalization", inputs: ["x1", "bn1.weight", "bn1.bias", ...moments], outputs: ["z1"] },
      { op: "Relu", inputs: ["z1"], outputs: ["h1"] },
      { op: "Conv", inputs: ["h1", "conv2.weight"], outputs: ["x2"], attributes: padding },
      { op: "BatchNormalization", inputs: ["x2", "bn2.weight", "bn2.bias", ...moments], outputs: ["z2"] },
    ],
    outputs: ["z2"],
  });
  return folder.write(`${dead}.onnx`, bytes);
}

async function batchFile(name: string, change = (v: number, _i: number) => v): Promise<string> {
  const input = tensor(IMAGE, "float32", 8);
  const target = tensor(FEATURES, "float32", 9);
  // A target that the samples share in part, so that something is blocked.
  const shared = target.data.map((v, i) => v / 8 + ((i / 576) % 16) / 16);
  const tensors = new Map<string, Tensor>([
    ["input", { ...input, data: (input.data as Float32Array).map(change) }],
    ["target", { ...target, data: shared as Float32Array }],
  ]);
  await writeNpz(folder.path(name), tensors);
  return folder.path(name);
}

/**
 * Audits a model. `runs` counts the graphs that ran; `summed` says whether the last one returned
 * the sums of a layer.
 */
async function audit(model: string, data: string, precision: "float32" | "float64") {
  let runs = 0;
  let summed = false;
  const onGraph = (bytes: Uint8Array) => {
    runs++;
    const outputs = fromBinary(ModelProtoSchema, bytes).graph!.output;
    summed = outputs.some(({ type }) => {
      if (type?.value.case !== "tensorType") return false;
      return type.value.value.shape!.dim.map(({ value }) => Number(value.value)).join() === "5,16";
    });
  };
  const report = await auditModel(model, { data, loss: "mse", precision, onGraph });
  return { report, runs, summed };
}

function expectNear(layers: readonly LayerReport[], exact: readonly LayerReport[]): void {
  for (const [i, layer] of layers.entries()) {
    const reference = exact[i];
    for (const key of ["blocked", "first", "diag"] as const)
      expect(Math.abs(layer.shares[key] - reference.shares[key])).toBeLessThan(1e-6);
    for (const key of ["energy", "first", "diag"] as const)
      reference.channels[key].forEach((value, channel) => {
        const near = Math.abs(layer.channels[key][channel] - value);
        expect(near).toBeLessThan(1e-4 * value + 1e-9 * reference.energy.total);
      });
    for (const key of ["removed", "kept", "cosine"] as const)
      expect(Math.abs(layer.weights![key] - reference.weights![key])).toBeLessThan(1e-4);
  }
}

describe("layers whose y and G are summed within the graph", () => {
  it("have the shares that float64 gives from y and G in full", async () => {
    const [model, data] = [modelFile(), await batchFile("batch.npz")];
    const { report, runs, summed } = await audit(model, data, "float32");
    expect([runs, summed]).toEqual([1, true]);
    const exact = await audit(model, data, "float64");
    expect(exact.summed).toBe(false);
    // Something of each kind to be right about.
    for (const { shares } of exact.report.layers) expect(shares.first).toBeGreaterThan(1e-5);
    expectNear(report.layers, exact.report.layers);
    for (const { identityResidual } of report.layers) {
      expect(identityResidual).toBeLessThan(1e-6);
      expect(identityResidual).toBeGreaterThan(1e-9);
    }
  });

  it.each([
    // All equal to their mean in float32 as well: y is 0.
    ["a channel of equal numbers", 0.25, 1],
    // Their mean in float32 is off by rounding, which the division by √ε makes large.
    ["a channel of equal numbers whose mean is rounded", 1e4 / 3, 2],
  ])("see %s as one that does not vary", async (_, value, expectedRuns) => {
    const [model, data] = [modelFile(value), await batchFile("batch.npz")];
    const { report, runs } = await audit(model, data, "float32");
    expect(runs).toBe(expectedRuns);
    expect(report.warnings).toEqual([
      "bn1: 1 of 16 channels do not vary on this batch (variance 0); their diagonal part counts as 0",
      "the file has 2 batch normalization(s) in evaluation mode: they are measured with the statistics of the batch, as in training; give --frozen <glob> for layers that training holds at their stored statistics",
    ]);
    const exact = (await audit(model, data, "float64")).report;
    if (runs === 1) expectNear(report.layers, exact.layers);
  });

  it("are measured again in full where elements are not finite", async () => {
    const data = await batchFile("nan.npz", (v, i) => (i === 5 ? Number.NaN : v));
    const { report, runs, summed } = await audit(modelFile(), data, "float32");
    expect([runs, summed]).toEqual([2, false]);
    const exact = (await audit(modelFile(), data, "float64")).report;
    expect(report.warnings).toEqual(exact.warnings);
    expect(report.warnings.join()).toMatch(/bn1: \d+ elements are NaN or infinite/);
  });
});

describe("isDoubtful", () => {
  const sums = (y: number, yy: number, g = 1) =>
    groupSums({ dtype: "float32", shape: [5, 1], data: Float32Array.of(y, yy, g, 2, 0.5) });
  it("tells what varies and is finite from what is not", () => {
    expect(isDoubtful(sums(0, 100), 100)).toBe(false);
    expect(isDoubtful(sums(0, 0), 100)).toBe(false);
    expect(isDoubtful(sums(10, 1), 100)).toBe(true);
    expect(isDoubtful(sums(0, 100, Number.NaN), 100)).toBe(true);
    expect(isDoubtful(sums(0, Number.POSITIVE_INFINITY), 100)).toBe(true);
  });
});

describe("the estimate of the identity error", () => {
  const shape = [16, 16, 8, 8];
  const size = sizeOf(shape);
  const channel = (i: number) => Math.floor(i / 64) % 16;
  const floats = (of: (i: number) => number): Tensor => {
    const data = allocate("float32", size);
    for (let i = 0; i < size; i++) data[i] = of(i);
    return { dtype: "float32", shape, data };
  };
  const [g, y] = [tensor(shape, "float32", 1).data, tensor(shape, "float32", 2).data];
  const inverse = tensor([1, 16, 1, 1], "float32", 3);

  /** The estimate for a wrong ∂L/∂x, off by `error`, as a fraction of the error's length. */
  async function estimate(error: (i: number) => number): Promise<number> {
    const scale = (i: number) => inverse.data[channel(i)];
    const blocked = floats((i) => 0.1 * y[i]);
    const actual = floats((i) => g[i] * scale(i) - blocked.data[i] + error(i));
    const [squared] = await compiled(
      (a, b, c, d) => [estimatedIdentityError({ actual: a, blocked: [b], cotangent: c, inverse: d })],
      [actual, blocked, floats((i) => g[i]), inverse],
    );
    let true2 = 0;
    for (let i = 0; i < size; i++) true2 += error(i) ** 2;
    return Math.sqrt(squared.data[0] / true2);
  }

  it.each([
    ["a term left out", (i: number) => 0.1 * y[i]],
    ["a mean not subtracted", (i: number) => 0.01 * channel(i)],
    ["a factor that is wrong in one channel", (i: number) => (channel(i) === 3 ? 0.01 * g[i] : 0)],
    ["a few elements", (i: number) => (i % 97 === 0 ? 0.1 : 0)],
  ])("is near its length for %s", async (_, error) => {
    const ratio = await estimate(error);
    expect(ratio).toBeGreaterThan(0.6);
    expect(ratio).toBeLessThan(1.6);
  });

  it("is rounding where there is none", async () => {
    expect(await estimate((i) => (i === 0 ? 1e-4 : 0))).toBeLessThan(2);
  });
});
