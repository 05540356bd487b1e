import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { auditModel } from "../../src/audit/index.js";
import type { TaylorReport } from "../../src/audit/report/result.js";
import { couplesSamples, estimatedDiagonal, exactDiagonal } from "../../src/audit/taylor/hessian-diagonal.js";
import { NetworkAbove } from "../../src/audit/taylor/network-above.js";
import { UserError } from "../../src/base/errors.js";
import { Random } from "../../src/base/random.js";
import { castTensor, sizeOf, type Tensor } from "../../src/base/tensor.js";
import { findNorms, openModel, readModel, resolveLoss } from "../../src/onnx/index.js";
import { readTensors, writeNpz } from "../../src/tensor-files/index.js";
import { batchNormLayout, offDiagonalPassed, standardize } from "../../src/theory/index.js";
import { float, type GraphSpec, modelBytes } from "../support/onnx/build.js";
import { hasShared, shared, sharedReason } from "../support/shared.js";
import { temporaryFolder } from "../support/temporary.js";

type Terms = TaylorReport["terms"];

const folder = temporaryFolder();

async function taylorOf(model: string, data: string, layer: string, options = {}) {
  const report = await auditModel(model, { data, precision: "float64", taylor: { layer }, ...options });
  const { taylor } = report.layers.find(({ name }) => name === layer)!;
  return { taylor: taylor!, warnings: report.warnings };
}

interface GoldenTerm {
  readonly norm_dLdz: number;
  readonly norm_open: number;
  readonly norm_passed: number;
}

const GOLDEN_NAMES: Record<keyof Terms, string> = {
  first: "first",
  firstShared: "first_shared",
  diag: "diag",
  diagShared: "diag_shared",
  off: "off",
  higher: "higher",
  whole: "true",
};

const MODELS = [
  { model: "mlp-mnist", layer: "bn2", loss: "cross-entropy", frozen: [] },
  { model: "autoencoder-fashion", layer: "code_bn", loss: "mse", frozen: ["dec_bn1", "dec_bn2"] },
] as const;

const BATCHES = { mixed: "batch.npz", single_class: "batch.single-class.npz" };

/** Bounds relative to the golden value, for golden values above 1e-6 of the largest. */
const BOUNDS = { float64: 1e-6, float32: 3e-4 };

describe.skipIf(!hasShared)(`The Taylor terms of the shared models agree with PyTorch${sharedReason}`, () => {
  for (const { model, layer, loss, frozen } of MODELS)
    for (const [batch, file] of Object.entries(BATCHES))
      for (const precision of batch === "mixed" ? (["float64", "float32"] as const) : (["float64"] as const))
        it(`${model}, ${layer}, ${batch} batch, ${precision}`, async () => {
          const folder = shared(`models/${model}`);
          const golden = JSON.parse(readFileSync(`${folder}/golden-taylor.json`, "utf8")).batches[
            batch
          ] as Record<string, GoldenTerm>;
          const options = { loss, precision };
          const { taylor } = await taylorOf(
            `${folder}/model.train.onnx`,
            `${folder}/${file}`,
            layer,
            options,
          );

          expect(taylor.diagonal).toEqual({ method: "exact", products: taylor.features });
          expect(taylor.frozen).toEqual(frozen);
          for (const [ours, theirs] of [
            ["gradient", "norm_dLdz"],
            ["open", "norm_open"],
            ["passed", "norm_passed"],
          ] as const) {
            const largest = Math.max(...Object.values(golden).map((term) => term[theirs]));
            for (const [name, key] of Object.entries(GOLDEN_NAMES)) {
              const expected = golden[key][theirs];
              const got = taylor.terms[name as keyof Terms][ours];
              if (expected > 1e-6 * largest)
                expect(Math.abs(got / expected - 1), `${name}.${ours}`).toBeLessThan(BOUNDS[precision]);
              else expect(got, `${name}.${ours}`).toBeLessThan(2e-6 * largest);
            }
          }
        });
});

/**
 * Size of the model below: a batch normalization of the input [N, D], then the sum over samples of
 * ½ zᵀAz + bᵀz.
 */
const FEATURES = 6;
const SAMPLES = 20;

function quadratic(): GraphSpec & { curvature: Float64Array } {
  const random = new Random(3);
  const draw = (length: number) => Array.from({ length }, () => Math.fround(random.normal()));
  const curvature = new Float64Array(FEATURES ** 2);
  for (let d = 0; d < FEATURES; d++)
    for (let e = 0; e <= d; e++)
      curvature[d * FEATURES + e] = curvature[e * FEATURES + d] = Math.fround(random.normal());
  return {
    curvature,
    inputs: { input: { shape: ["N", FEATURES] } },
    initializers: {
      "bn.weight": float([FEATURES], draw(FEATURES)),
      "bn.bias": float([FEATURES], draw(FEATURES)),
      mean: float([FEATURES], new Array(FEATURES).fill(0)),
      variance: float([FEATURES], new Array(FEATURES).fill(1)),
      half: float(
        [FEATURES, FEATURES],
        Array.from(curvature, (a) => a / 2),
      ),
      slope: float([1, FEATURES], draw(FEATURES)),
    },
    nodes: [
      {
        op: "BatchNormalization",
        inputs: ["input", "bn.weight", "bn.bias", "mean", "variance"],
        outputs: ["z"],
        attributes: { training_mode: 1 },
      },
      { op: "MatMul", inputs: ["z", "half"], outputs: ["Az"] },
      { op: "Add", inputs: ["Az", "slope"], outputs: ["Az+b"] },
      { op: "Mul", inputs: ["Az+b", "z"], outputs: ["terms"] },
      { op: "ReduceSum", inputs: ["terms"], outputs: ["loss"], attributes: { keepdims: 0 } },
    ],
    outputs: ["loss"],
  };
}

/** Writes a batch whose features are correlated and differ in size. */
async function correlatedBatch(): Promise<{ path: string; x: Float32Array }> {
  const random = new Random(8);
  const x = Float32Array.from({ length: SAMPLES * FEATURES });
  for (let i = 0; i < SAMPLES; i++) {
    const common = random.normal();
    for (let d = 0; d < FEATURES; d++) x[i * FEATURES + d] = (d + 1) * (common + random.normal()) + d;
  }
  const path = folder.path("quadratic.npz");
  await writeNpz(path, new Map([["input", { dtype: "float32", shape: [SAMPLES, FEATURES], data: x }]]));
  return { path, x };
}

describe("The expansion of a quadratic loss above batch normalization", () => {
  it("has no higher orders, blocks the first order, blocks the diagonal up to ε and passes the closed form of the rest", async () => {
    const spec = quadratic();
    const { path, x } = await correlatedBatch();
    const model = folder.write("quadratic.onnx", modelBytes(spec));
    const { taylor, warnings } = await taylorOf(model, path, "bn");
    const { first, firstShared, diag, diagShared, off, higher, whole } = taylor.terms;

    expect(warnings).toEqual([]);
    expect(taylor.frozen).toEqual([]);
    expect(higher.gradient).toBeLessThan(1e-12 * whole.gradient);
    expect(first.passed).toBeLessThan(1e-13 * first.open);
    expect(firstShared.gradient).toBeCloseTo(first.gradient, 10);
    expect(diagShared.gradient).toBeCloseTo(diag.gradient, 10);

    const layout = batchNormLayout([SAMPLES, FEATURES]);
    const standardized = standardize(x, layout, { epsilon: Math.fround(1e-5) });
    const gamma = Float64Array.from(spec.initializers!["bn.weight"].data);
    const expected = Math.hypot(...offDiagonalPassed(spec.curvature, gamma, standardized, layout));
    expect(off.passed / expected).toBeCloseTo(1, 10);
    // ε lets ρ/σ · γ² H_dd y of the diagonal term pass.
    const leak = standardized.y.map((y, e) => {
      const d = e % FEATURES;
      return (
        (standardized.leak[d] / standardized.sigma[d]) *
        gamma[d] ** 2 *
        spec.curvature[d * (FEATURES + 1)] *
        y
      );
    });
    expect(diag.passed / Math.hypot(...leak)).toBeCloseTo(1, 6);
  });

  it("treats the batch as a whole and warns if samples depend on each other", async () => {
    // The mean over the batch is added to every sample, so H has blocks off its diagonal.
    const spec = quadratic();
    const coupled: GraphSpec = {
      ...spec,
      nodes: spec.nodes.flatMap((node) =>
        node.outputs[0] === "Az"
          ? [
              { op: "ReduceMean", inputs: ["z"], outputs: ["mean of z"], attributes: { axes: [0] } },
              { op: "Add", inputs: ["z", "mean of z"], outputs: ["z and mean"] },
              { ...node, inputs: ["z and mean", "half"] },
            ]
          : [node],
      ),
    };
    const model = folder.write("coupled.onnx", modelBytes(coupled));
    const { taylor, warnings } = await taylorOf(model, (await correlatedBatch()).path, "bn");
    expect(taylor.diagonal).toEqual({ method: "hutchinson", products: 64, seed: 0 });
    expect(warnings).toContainEqual(
      expect.stringMatching(/^bn: above this layer, the loss of one sample depends on other samples/),
    );
    expect(taylor.terms.higher.gradient).toBeLessThan(1e-12 * taylor.terms.whole.gradient);
  });

  it.each([
    {
      title: "on the kink of a ReLU",
      beta: 0,
      warning: /^bn: β = 0 puts ẑ on the kink of a ReLU in \d+ % of/,
    },
    {
      title: "where every ReLU is off",
      beta: -1,
      warning: /^bn: no gradient reaches this layer at ẑ, because all units/,
    },
  ])("warns if ẑ lies $title", async ({ beta, warning }) => {
    const spec = quadratic();
    const kinked: GraphSpec = {
      ...spec,
      initializers: { ...spec.initializers, "bn.bias": float([FEATURES], new Array(FEATURES).fill(beta)) },
      nodes: spec.nodes.flatMap((node) =>
        node.outputs[0] === "z"
          ? [
              { ...node, outputs: ["before"] },
              { op: "Relu", inputs: ["before"], outputs: ["z"] },
            ]
          : [node],
      ),
    };
    const model = folder.write("kinked.onnx", modelBytes(kinked));
    const { taylor, warnings } = await taylorOf(model, (await correlatedBatch()).path, "bn");
    expect(warnings).toContainEqual(expect.stringMatching(warning));
    expect(taylor.terms.first.gradient).toBe(0);
    expect(taylor.terms.higher.gradient).toBe(taylor.terms.whole.gradient);
  });
});

describe("The expansion of the example network", () => {
  const MODEL = "examples/glyphs.onnx";

  it("passes nothing of the first order on a one-class batch and most of it on a mixed batch", async () => {
    const [mixed, oneClass] = await Promise.all(
      ["mixed", "one-class"].map((batch) => taylorOf(MODEL, `examples/${batch}.npz`, "bn4")),
    );
    expect(oneClass.taylor.terms.first.passed / oneClass.taylor.terms.first.open).toBeLessThan(1e-12);
    expect(mixed.taylor.terms.first.passed / mixed.taylor.terms.first.open).toBeGreaterThan(0.5);
  });

  it("holds the layers above even if --layers leaves them out", async () => {
    const all = await taylorOf(MODEL, "examples/mixed.npz", "bn3");
    const one = await taylorOf(MODEL, "examples/mixed.npz", "bn3", { layers: "bn3" });
    expect(one.taylor.frozen).toEqual(["bn4"]);
    expect(one.taylor.terms).toEqual(all.taylor.terms);
  });

  it("refuses an unknown layer and lists the audited layers", async () => {
    const error = await taylorOf(MODEL, "examples/mixed.npz", "bn9").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toBe(
      "examples/glyphs.onnx: --taylor: expected the name of an audited layer, got 'bn9'; the audited layers are bn1, bn2, bn3, bn4",
    );
  });

  it("has a gradient and a Hessian product above bn3 that agree with finite differences", async () => {
    const { above, values } = await networkAbove("bn3", 4);
    const random = new Random(1);
    // At z units are on; the direction is random.
    const direction = Float64Array.from(values.z.data, () => random.normal());
    const stepped = (h: number): Tensor => ({
      ...values.z,
      data: Float64Array.from(values.z.data, (v, e) => v + h * direction[e]),
    });
    const tangent: Tensor = { ...values.z, data: direction };
    const { product } = await above.derivativesAt(values.z, tangent);
    const h = 1e-6;
    const [up, down] = [
      await above.derivativesAt(stepped(h), tangent),
      await above.derivativesAt(stepped(-h), tangent),
    ];
    const difference = product.data.map((_, e) => (up.gradient.data[e] - down.gradient.data[e]) / (2 * h));
    const size = Math.hypot(...product.data);
    expect(Math.hypot(...product.data.map((p, e) => p - difference[e]))).toBeLessThan(1e-6 * size);
    await above[Symbol.asyncDispose]();
  });

  it("has a diagonal that random probes estimate within their standard errors", async () => {
    const { above, values, samples } = await networkAbove("bn4", 8);
    const features = sizeOf(values.z.shape.slice(1));
    const product = async (direction: Float64Array) =>
      (await above.derivativesAt(values.point, { ...values.z, data: direction })).product
        .data as Float64Array;
    const share = (v: ArrayLike<number>) => {
      const mean = new Float64Array(v.length);
      for (let e = 0; e < v.length; e++) mean[e % features] += v[e] / samples;
      return mean.map((_, e) => mean[e % features]);
    };

    expect(await couplesSamples(product, samples, features, new Random(2))).toBe(false);
    const exact = await exactDiagonal(product, samples, features, share);
    expect(exact.error).toBeNull();
    // ((estimate − exact)/error)² is 1 on average. Several seeds, because errors within one run are
    // correlated.
    const squares = { diagonal: [] as number[], shared: [] as number[] };
    for (let seed = 0; seed < 12; seed++) {
      const random = new Random(seed);
      const estimate = await estimatedDiagonal(product, samples * features, share, { probes: 50, random });
      for (const part of ["diagonal", "shared"] as const)
        for (const [e, error] of estimate.error![part].entries())
          if (error > 0) squares[part].push(((estimate[part][e] - exact[part][e]) / error) ** 2);
    }
    for (const [part, values] of Object.entries(squares)) {
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      expect(mean, part).toBeGreaterThan(0.75);
      expect(mean, part).toBeLessThan(1.3);
    }
    await above[Symbol.asyncDispose]();
  });

  /**
   * The part of the example network above a layer, in float64, on the first samples of the mixed
   * batch.
   */
  async function networkAbove(layer: string, samples: number) {
    const batch = await readTensors("examples/mixed.npz");
    const tensors = new Map(
      [...batch].map(([key, { dtype, shape, data }]): [string, Tensor] => [
        key,
        { dtype, shape: shape.with(0, samples), data: data.slice(0, samples * sizeOf(shape.slice(1))) },
      ]),
    );
    const model = await readModel(MODEL);
    const input = castTensor(tensors.get("input")!, "float64");
    const opened = openModel(model, findNorms(model), {
      inputs: new Map([[model.inputs[0].name, input]]),
      precision: "float64",
    });
    const loss = resolveLoss("cross-entropy", opened, { file: "mixed.npz", tensors });
    const above = await NetworkAbove.compile(
      {
        opened,
        layer: opened.layers.findIndex(({ norm }) => norm.name === layer),
        loss,
        feeds: { params: opened.params.map((p) => p.load()), inputs: [input], target: [loss.target!] },
      },
      {},
    );
    return { above, values: above.values, samples };
  }
});
