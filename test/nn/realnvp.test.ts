import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.js";
import { type DType, sizeOf, type Tensor } from "../../src/base/tensor.js";
import { compile, type Traced } from "../../src/engine/index.js";
import { full, jvp, mean, sub, valueAndGrad } from "../../src/engine/lang/index.js";
import { bitsPerDimension, type NormName, realnvp } from "../../src/nn/index.js";
import { couplingNorm, logSlope, standardized } from "../../src/nn/models/realnvp/coupling-norm.js";
import { logit } from "../../src/nn/models/realnvp/logit.js";
import { initialBuffers, initialValues, type Network, Registry } from "../../src/nn/network.js";
import { expectUserError } from "../support/user-error.js";

const SHAPE = [1, 4, 4] as const;
const DIMENSIONS = sizeOf(SHAPE);

type Options = Partial<Parameters<typeof realnvp>[0]>;
const small = (options: Options) => realnvp({ shape: SHAPE, width: 3, blocks: 1, norm: "none", ...options });

const values = (shape: readonly number[], dtype: DType, of: (i: number) => number): Tensor => {
  const numbers = Array.from({ length: sizeOf(shape) }, (_, i) => of(i));
  return dtype === "float64"
    ? { shape, dtype, data: Float64Array.from(numbers) }
    : { shape, dtype: "float32", data: Float32Array.from(numbers) };
};

/** Parameters and running statistics that all differ from their first values. */
function trained({ likelihood }: ReturnType<typeof realnvp>, dtype: DType): Tensor[] {
  const random = new Random(7);
  const start = [...initialValues(likelihood, random), ...initialBuffers(likelihood)];
  return start.map(({ shape, data }) => values(shape, dtype, (i) => data[i] + random.uniform(-0.2, 0.2)));
}

const imagesOf = (count: number, dtype: DType, shape: readonly number[] = SHAPE): Tensor => {
  const random = new Random(3);
  return values([count, ...shape], dtype, () => random.uniform());
};

const split = ({ parameters }: Network, state: readonly Traced[]) =>
  [state.slice(0, parameters.length), state.slice(parameters.length)] as const;

async function evaluated(network: Network, state: readonly Tensor[], x: Tensor): Promise<Tensor> {
  const inputs = [...state, x];
  await using program = await compile(
    (...args) => [network.evaluate(...split(network, args.slice(0, -1)), args.at(-1)!)],
    inputs,
    { threads: 1 },
  );
  return (await program.run(inputs))[0];
}

/** log |det| of a matrix, given by columns, by Gaussian elimination with pivots. */
function logDeterminant(columns: readonly ArrayLike<number>[]): number {
  const a = columns.map((column) => Array.from(column));
  let total = 0;
  for (let k = 0; k < a.length; k++) {
    const pivot = a.reduce(
      (best, row, i) => (i >= k && Math.abs(row[k]) > Math.abs(a[best][k]) ? i : best),
      k,
    );
    [a[k], a[pivot]] = [a[pivot], a[k]];
    total += Math.log(Math.abs(a[k][k]));
    for (let i = k + 1; i < a.length; i++) {
      const factor = a[i][k] / a[k][k];
      for (let j = k; j < a.length; j++) a[i][j] -= factor * a[k][j];
    }
  }
  return total;
}

/** Log-density of one latent under the standard normal distribution. */
const standardNormal = (z: ArrayLike<number>): number =>
  Array.from(z).reduce((total, value) => total - value ** 2 / 2 - Math.log(2 * Math.PI) / 2, 0);

const norms: NormName[] = ["bn", "ln", "detached", "frozen", "actnorm", "none"];
const variants: [string, Options][] = [
  ...norms.map((norm): [string, Options] => [norm, { norm }]),
  ["bn with γ and β", { norm: "bn", affine: true }],
  ["ln with γ and β", { norm: "ln", affine: true }],
  ["bn at three scales", { norm: "bn", scales: 3 }],
  ["group norm within, ActNorm after couplings", { norm: "gn:1", couplingNorm: "actnorm" }],
];

describe.each(variants)("A RealNVP with %s", (_, options) => {
  const flow = small(options);
  const state = trained(flow, "float64");

  it.each([
    ["float64", 1e-10],
    ["float32", 1e-4],
  ] as const)("maps latents back to their images in %s", async (dtype, tolerance) => {
    const images = imagesOf(5, dtype);
    const own = trained(flow, dtype);
    const z = await evaluated(flow.latents, own, images);
    expect(z.shape).toEqual([5, DIMENSIONS]);
    const back = await evaluated(flow.images, own, z);
    expect(back.shape).toEqual(images.shape);
    for (const [i, value] of images.data.entries())
      expect(Math.abs(back.data[i] - value)).toBeLessThan(tolerance);
  });

  it("has, in evaluation, the log-determinant of the Jacobian by finite differences", async () => {
    const h = 1e-5;
    const image = imagesOf(1, "float64").data;
    const moved = values([2 * DIMENSIONS + 1, ...SHAPE], "float64", (i) => {
      const [sample, p] = [Math.floor(i / DIMENSIONS), i % DIMENSIONS];
      if (sample === 2 * DIMENSIONS || p !== sample % DIMENSIONS) return image[p];
      return image[p] + (sample < DIMENSIONS ? h : -h);
    });
    const z = (await evaluated(flow.latents, state, moved)).data;
    const row = (sample: number) => Array.from(z.slice(sample * DIMENSIONS, (sample + 1) * DIMENSIONS));
    const columns = Array.from({ length: DIMENSIONS }, (_, i) => {
      const below = row(DIMENSIONS + i);
      return row(i).map((value, k) => (value - below[k]) / (2 * h));
    });
    const likelihood = (await evaluated(flow.likelihood, state, moved)).data.at(-1)!;
    expect(likelihood - standardNormal(row(2 * DIMENSIONS))).toBeCloseTo(logDeterminant(columns), 6);
  });
});

describe("A RealNVP in training", () => {
  /** Latents of a batch; volume and Jacobian of one sample, by forward differentiation. */
  async function inTraining(norm: NormName) {
    const flow = small({ norm, affine: true });
    const [batch, sample] = [4, 2];
    const along = (pixel: number) =>
      values([batch, ...SHAPE], "float64", (i) => (i === sample * DIMENSIONS + pixel ? 1 : 0));
    const inputs = [...trained(flow, "float64"), imagesOf(batch, "float64")];
    await using program = await compile(
      (...args) => {
        const [parameters, buffers] = split(flow.likelihood, args.slice(0, -2));
        const [x, direction] = args.slice(-2) as [Traced, Traced];
        const latents = (x: Traced) => [flow.latents.train(parameters, buffers, x).output];
        const { out, tangent } = jvp((v) => latents(v), [x], [direction]);
        return [...out, flow.likelihood.train(parameters, buffers, x).output, ...tangent];
      },
      [...inputs, along(0)],
      { threads: 1 },
    );
    const own = (t: Tensor) => t.data.slice(sample * DIMENSIONS, (sample + 1) * DIMENSIONS);
    const columns = [];
    for (let pixel = 1; pixel < DIMENSIONS; pixel++)
      columns.push(own((await program.run([...inputs, along(pixel)]))[2]));
    const [z, likelihood, column] = await program.run([...inputs, along(0)]);
    return {
      latents: z.data,
      volume: likelihood.data[sample] - standardNormal(own(z)),
      columns: [own(column), ...columns],
    };
  }

  it("treats the statistics of batch norm as constants in its log-determinant", async () => {
    const detached = await inTraining("detached");
    expect(detached.volume).toBeCloseTo(logDeterminant(detached.columns), 8);
    const attached = await inTraining("bn");
    expect(Array.from(attached.latents)).toEqual(Array.from(detached.latents));
    expect(attached.volume).toBeCloseTo(detached.volume, 10);
    expect(Math.abs(logDeterminant(attached.columns) - attached.volume)).toBeGreaterThan(0.1);
  });

  it("leaves running statistics that approach those of a repeated batch", async () => {
    const flow = small({ norm: "bn", blocks: 0 });
    const images = imagesOf(64, "float64");
    let state = trained(flow, "float64");
    const inputs = [...state, images];
    const count = flow.likelihood.parameters.length;
    await using program = await compile(
      (...args) => {
        const { output, buffers } = flow.likelihood.train(
          ...split(flow.likelihood, args.slice(0, -1)),
          args.at(-1)!,
        );
        return [output, ...buffers];
      },
      inputs,
      { threads: 1 },
    );
    let likelihoods: Tensor | undefined;
    for (let i = 0; i < 300; i++) {
      const [output, ...buffers] = await program.run([...state, images]);
      likelihoods = output;
      state = [...state.slice(0, count), ...buffers];
    }
    const evaluation = await evaluated(flow.likelihood, state, images);
    // The running variance is unbiased, larger by n/(n − 1), with n = 64·4 and more.
    for (const [i, value] of evaluation.data.entries())
      expect(Math.abs(value - likelihoods!.data[i])).toBeLessThan(0.5);
  });
});

describe("The map from pixels to logits", () => {
  const logits = async (pixels: readonly number[]) => {
    const x = values([pixels.length, 1], "float64", (i) => pixels[i]);
    await using program = await compile(
      (x) => {
        const pass = { training: false, parameters: [], buffers: [], nextBuffers: [] };
        const { y, logDeterminant } = logit.forward(pass, x);
        return [y, logDeterminant, logit.inverse(pass, y)];
      },
      [x],
    );
    return (await program.run([x])).map(({ data }) => Array.from(data));
  };

  it("contracts pixels to the middle 90 %, has the right volume, and inverts", async () => {
    const points = 20_000;
    const pixels = Array.from({ length: points }, (_, i) => (i + 0.5) / points);
    const [y, logDeterminant, back] = await logits(pixels);
    expect(y[0]).toBeCloseTo(Math.log(0.05 / 0.95), 3);
    const volume = y.reduce(
      (total, value, i) => total + Math.exp(-(value ** 2) / 2 + logDeterminant[i]) / points,
      0,
    );
    // The mass of a standard normal between logit 0.05 and logit 0.95; its tail Φ(−2.9444390) is
    // from tables.
    expect(volume / Math.sqrt(2 * Math.PI)).toBeCloseTo(1 - 2 * 0.00161774, 6);
    for (const [i, pixel] of pixels.entries()) expect(back[i]).toBeCloseTo(pixel, 12);
  });

  it("gives 8 bits per dimension for equally likely images, 7 for twice the density per pixel", () => {
    expect(bitsPerDimension(0, 784)).toBe(8);
    expect(bitsPerDimension(784 * Math.log(2), 784)).toBeCloseTo(7, 12);
  });
});

it("γ and β of a norm after a coupling follow the standardization: z = γ(x − μ)/√(v + ε) + β", async () => {
  const registry = new Registry();
  const norm = couplingNorm(registry, "norm", { norm: "bn", channels: 1, affine: true });
  expect(registry.parameters.map(({ name }) => name)).toEqual(["norm.weight", "norm.bias"]);
  const x = values([1, 1, 1, 3], "float64", (i) => i);
  const [gamma, beta, mean, variance] = [-3, 5, 1, 4 - 1e-5];
  await using program = await compile(
    (x) => {
      const one = (value: number) => full([1], value, "float64");
      const buffers = [one(mean), one(variance)];
      const parameters = [one(gamma), one(beta)];
      const normed = norm({ training: false, parameters, buffers, nextBuffers: [...buffers] }, x)!;
      return [standardized(x, normed), logSlope(normed)];
    },
    [x],
  );
  const [z, slope] = (await program.run([x])).map(({ data }) => Array.from(data));
  for (const i of [0, 1, 2]) expect(z[i]).toBeCloseTo((-3 * (i - 1)) / 2 + 5, 12);
  expect(slope[0]).toBeCloseTo(Math.log(1.5), 12);
});

it("The loss is the mean of −log-likelihood", async () => {
  const flow = small({ norm: "bn" });
  const [state, images] = [trained(flow, "float64"), imagesOf(3, "float64")];
  const [likelihood, loss] = [
    await evaluated(flow.likelihood, state, images),
    await evaluated(flow.loss, state, images),
  ];
  expect(loss.shape).toEqual([]);
  expect(loss.data[0]).toBeCloseTo(-(likelihood.data[0] + likelihood.data[1] + likelihood.data[2]) / 3, 10);
});

describe("A RealNVP at its start", () => {
  it("has lengths of weight norm that equal the lengths of its filters", () => {
    const { likelihood } = small({ norm: "bn" });
    const start = initialValues(likelihood, new Random(0));
    const named = (name: string) => start[likelihood.parameters.findIndex((p) => p.name === name)].data;
    const v = named("scale1.checkerboard1.network.out.weight_v");
    const g = named("scale1.checkerboard1.network.out.weight_g");
    expect(g).toHaveLength(2);
    expect(g[1]).toBeCloseTo(Math.hypot(...v.slice(3)), 6);
    expect(likelihood.parameters.map(({ name }) => name)).not.toContain(
      "scale1.checkerboard1.network.in.weight_g",
    );
  });

  it.each([
    ["bn", 6_336_954],
    ["ln", 14_428_776],
  ] as const)("with %s has as many parameters as in the code of the paper", (norm, count) => {
    const { parameters } = realnvp({ shape: [1, 28, 28], norm }).likelihood;
    expect(parameters.reduce((total, { shape }) => total + sizeOf(shape), 0)).toBe(count);
  });
});

/**
 * Log-likelihoods of three logit images, without the volume of the logits, from the code of the
 * paper (github.com/zzp1012/BN-blindness, af9b568, realnvp/src/model) in PyTorch 1.13 and float64.
 * Width is 4, with one block; the k-th parameter or buffer is a wave of phase k.
 */
const official = {
  bn: {
    evaluation: [-202.00150716095243, -214.14017099263924, -206.03098809033673],
    training: [-93.85405515866628, -94.84006039335672, -97.4005615631066],
    gradientLength: 0.6131320237083048,
  },
  ln: {
    evaluation: [-201.29171485269495, -210.55345415228007, -205.23880702260854],
    training: [-93.68828744623144, -95.41536723309041, -96.73205669405955],
    gradientLength: 0.2285705010826312,
  },
};

describe.each(Object.entries(official))(
  "A RealNVP with %s agrees with the code of the paper",
  (norm, expected) => {
    it("in evaluation, in training, and in the gradient of the first kernel", async () => {
      const shape = [1, 8, 8] as const;
      const { likelihood } = realnvp({ shape, norm: norm as "bn", width: 4, blocks: 1 });
      const state = [...likelihood.parameters, ...likelihood.buffers].map(({ name, shape }, k) =>
        values(shape, "float64", (i) => {
          if (/\d\.norm\.running/.test(name)) return name.endsWith("var") ? 1.2 : 0.1;
          const wave = Math.sin(0.7 * i + k);
          if (name.endsWith("running_var")) return 1 + 0.3 * wave;
          return (/scale(_shift)?$/.test(name) ? 0.3 : 0.5) * wave;
        }),
      );
      const logits = values([3, ...shape], "float64", (i) => 1.5 * Math.sin(0.7 * i + 0.1 * i ** 1.5));
      const pixels = values(
        logits.shape,
        "float64",
        (i) => (1 / (1 + Math.exp(-logits.data[i])) - 0.05) / 0.9,
      );
      const inputs = [...state, pixels];
      const kernel = likelihood.parameters.findIndex(({ name }) => name.endsWith("1.network.in.weight_v"));
      await using program = await compile(
        (...args) => {
          const [parameters, buffers] = split(likelihood, args.slice(0, -1));
          const x = args.at(-1)!;
          const pass = { training: false, parameters, buffers, nextBuffers: [] };
          const volume = logit.forward(pass, x).logDeterminant;
          const { aux, grads } = valueAndGrad((...p) => {
            const { output } = likelihood.train(p, buffers, x);
            return { value: mean(output), aux: [sub(output, volume)] };
          }, parameters);
          return [sub(likelihood.evaluate(parameters, buffers, x), volume), ...aux, grads[kernel]];
        },
        inputs,
        { threads: 1 },
      );
      const [evaluation, training, gradient] = (await program.run(inputs)).map(({ data }) =>
        Array.from(data),
      );
      for (const i of [0, 1, 2]) {
        expect(evaluation[i]).toBeCloseTo(expected.evaluation[i], 9);
        expect(training[i]).toBeCloseTo(expected.training[i], 9);
      }
      expect(Math.hypot(...gradient)).toBeCloseTo(expected.gradientLength, 9);
    });
  },
);

describe("A RealNVP refuses", () => {
  it("a norm that has no inverse", async () => {
    await expectUserError(
      async () => small({ norm: "gn:3" }),
      "norm gn:3",
      /no inverse after a coupling, expected one of bn, ln, detached, frozen, actnorm, none$/,
    );
    await expectUserError(async () => small({ norm: "ws" }), "norm ws", /applies to weights/);
  });
  it("a size that cannot be halved", async () => {
    await expectUserError(
      async () => realnvp({ shape: [1, 28, 30], scales: 3, norm: "bn" }),
      "realnvp",
      /multiples of 4, got 28×30/,
    );
  });
});
