import { describe, expect, it } from "vitest";
import { lang, type TracedFunction } from "../../src/engine/index.js";
import { borrow } from "../../src/engine/lang/borrow.js";
import { lax, numpy as np, type Traced } from "../../src/engine/tracing/jax.js";
import { exactFloat64 } from "../../src/engine/tracing/literals.js";
import { compiled, tensor } from "../support/engine/programs.js";

const L = lang;

const vector = (...values: number[]) => ({
  shape: [values.length],
  dtype: "float64" as const,
  data: Float64Array.from(values),
});

/** Values of `fn` at `points`. */
async function at(fn: (x: Traced) => Traced, points: readonly number[]): Promise<number[]> {
  const [y] = await compiled((x) => [fn(x)], [vector(...points)]);
  return [...y.data];
}

function expectRelative(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  actual.forEach((a, i) => {
    const e = expected[i];
    expect(Math.abs(a - e), `element ${i}: ${a}, expected ${e}`).toBeLessThanOrEqual(tolerance * Math.abs(e));
  });
}

/** erf and erfc to 17 digits, computed by mpmath with 50 digits. */
const ERF: readonly (readonly [x: number, erf: number, erfc: number])[] = [
  [-6, -1.0, 2.0],
  [-2.5, -0.999593047982555, 1.999593047982555],
  [-1, -0.8427007929497149, 1.8427007929497148],
  [-0.3, -0.3286267594591274, 1.3286267594591274],
  [1e-9, 1.1283791670955127e-9, 0.9999999988716208],
  [0.1, 0.1124629160182849, 0.887537083981715],
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [0.99, 0.8385080695553698, 0.1614919304446302],
  [1.01, 0.8468104962282768, 0.1531895037717233],
  [1.5, 0.9661051464753108, 0.033894853524689274],
  [2.7, 0.9998656672600594, 0.0001343327399405242],
  [5.5, 0.9999999999999927, 7.357847917974398e-15],
  [12, 1.0, 1.3562611692059042e-64],
  [26, 1.0, 5.663192408856143e-296],
];

describe("Functions that ONNX Runtime has in float32 only are exact in float64", () => {
  it("erf", async () => {
    expectRelative(
      await at(
        L.erf,
        ERF.map(([x]) => x),
      ),
      ERF.map(([, erf]) => erf),
      2e-15,
    );
  });
  it("erfc, also for large arguments", async () => {
    const erfc = (x: Traced) => lax.erfc(borrow(x)) as Traced;
    expectRelative(
      await at(
        erfc,
        ERF.map(([x]) => x),
      ),
      ERF.map(([, , e]) => e),
      1e-14,
    );
  });
  it("atan", async () => {
    const points = [-1e300, -1e5, -3, -1, -1e-9, 0, 1e-3, 0.5, 1, 7, 1e8];
    expectRelative(await at(L.atan, points), points.map(Math.atan), 1e-15);
  });
  it("asin", async () => {
    const points = [-1, -0.999999, -0.5, -1e-9, 0, 0.1, 0.9, 1];
    expectRelative(await at(L.asin, points), points.map(Math.asin), 2e-15);
  });
  it.each([
    ["sin", L.sin, Math.sin],
    ["cos", L.cos, Math.cos],
    ["exp", L.exp, Math.exp],
  ] as const)("%s", async (_, fn, exact) => {
    const points = [-20, -3, -1, 1e-9, 0.5, 2, 100];
    expectRelative(await at(fn, points), points.map(exact), 1e-13);
  });
});

describe("Third derivatives agree with closed forms", () => {
  const derivative = (f: (x: Traced) => Traced) => (x: Traced) =>
    L.jvp((y) => [f(y)], [x], [L.full(x.shape, 1, "float64")]).tangent[0];
  const third = (f: (x: Traced) => Traced) => derivative(derivative(derivative(f)));
  const points = [-1.7, -0.4, 0.3, 1.1];
  const slope = (x: number) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
  it.each([
    ["erf", L.erf, (x: number) => slope(x) * (4 * x * x - 2)],
    ["exp", L.exp, Math.exp],
    ["sin", L.sin, (x: number) => -Math.cos(x)],
    ["tanh", L.tanh, (x: number) => -2 * (1 - Math.tanh(x) ** 2) * (1 - 3 * Math.tanh(x) ** 2)],
    ["sqrt", (x: Traced) => L.sqrt(L.add(x, 3)), (x: number) => (3 / 8) * (x + 3) ** -2.5],
    ["log", (x: Traced) => L.log(L.add(x, 3)), (x: number) => 2 / (x + 3) ** 3],
    ["atan", L.atan, (x: number) => (6 * x * x - 2) / (1 + x * x) ** 3],
    ["reciprocal", (x: Traced) => L.reciprocal(L.add(x, 3)), (x: number) => -6 / (x + 3) ** 4],
  ] as const)("%s", async (_, f, exact) => {
    expectRelative(await at(third(f), points), points.map(exact), 1e-12);
  });
});

describe("Third derivatives through convolutions agree with closed forms", () => {
  /** The convolution Σ x[c, i+p, j+q] · w[o, c, p, q], computed term by term. */
  function correlated(x: Float64Array, w: Float64Array): Float64Array {
    const y = new Float64Array(3 * 3 * 3);
    for (let o = 0; o < 3; o++)
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 3; j++)
          for (let c = 0; c < 2; c++)
            for (let p = 0; p < 3; p++)
              for (let q = 0; q < 3; q++)
                y[(o * 3 + i) * 3 + j] += x[(c * 5 + i + p) * 5 + j + q] * w[((o * 2 + c) * 3 + p) * 3 + q];
    return y;
  }

  it("For a convolution a + bt + ct², the third derivative of Σ (a + bt + ct²)³ at 0 is 6 Σ (b³ + 6abc)", async () => {
    const [x, u] = [1, 2].map((seed) => tensor([1, 2, 5, 5], "float64", seed));
    const [w, v] = [3, 4].map((seed) => tensor([3, 2, 3, 3], "float64", seed));
    const geometry = {
      strides: [1, 1],
      padding: [0, 0].map((n) => [n, n] as const),
      dilations: [1, 1],
      groups: 1,
    };
    type Scalar = (t: Traced) => Traced;
    const derivative =
      (f: Scalar): Scalar =>
      (t) =>
        L.valueAndGrad((s) => ({ value: f(s), aux: [] }), [t]).grads[0];
    const third: TracedFunction = (t, ...[x, u, w, v]) => {
      const value: Scalar = (t) => {
        const y = L.conv(L.add(x, L.mul(t, u)), L.add(w, L.mul(t, v)), geometry);
        return L.sum(L.mul(y, L.square(y)));
      };
      return [derivative(derivative(derivative(value)))(t)];
    };
    const zero = { shape: [], dtype: "float64" as const, data: Float64Array.of(0) };
    const [actual] = await compiled(third, [zero, x, u, w, v]);

    const data = (t: typeof x) => t.data as Float64Array;
    const [a, c] = [correlated(data(x), data(w)), correlated(data(u), data(v))];
    const [uw, xv] = [correlated(data(u), data(w)), correlated(data(x), data(v))];
    const exact = a.reduce(
      (sum, ai, i) => sum + 6 * ((uw[i] + xv[i]) ** 3 + 6 * ai * (uw[i] + xv[i]) * c[i]),
      0,
    );
    expectRelative([...actual.data], [exact], 1e-10);
  });
});

describe("Numbers that jax-js rounds to float32", () => {
  it("Numbers in float64 code keep their digits", async () => {
    const [scaled, mean, tied] = await compiled(
      (x) => [
        borrow(x).mul(0.1) as Traced,
        np.mean(borrow(x)) as Traced,
        L.valueAndGrad((y) => ({ value: L.amax(y), aux: [] }), [L.mul(x, 0)]).grads[0],
      ],
      [vector(1, 2, 4)],
    );
    expect([...scaled.data]).toEqual([0.1, 0.2, 0.4]);
    expectRelative([...mean.data], [7 / 3], 1e-15);
    // Three tied maxima share the cotangent, and 1/count is a third to the last digit.
    expectRelative([...tied.data], [1 / 3, 1 / 3, 1 / 3], 1e-15);
  });
  it("Numbers beside float32 values stay float32", async () => {
    const x = { shape: [1], dtype: "float32" as const, data: Float32Array.of(3) };
    const [y] = await compiled((a) => [borrow(a).mul(0.1) as Traced], [x]);
    expect(y.data[0]).toBe(Math.fround(Math.fround(0.1) * 3));
  });
  it.each([
    0,
    -0.5,
    3,
    1e-5,
    0.044715,
    -0.2,
    1 / 3,
    1 / 49,
    1 / 65_537,
    0.797885,
    5 / 4096,
    // A decimal that float32 rounds to few binary digits.
    0.00001073,
    Math.PI,
    -2 / Math.sqrt(Math.PI),
    Math.LN2,
    2 ** 40,
    Number.NEGATIVE_INFINITY,
  ])("The number %d is recovered", (x) => {
    expect(exactFloat64(Math.fround(x))).toBe(x);
  });
  it("Other numbers are refused", () => {
    for (const x of [0.7390851332151607, 1 / 3_000_001])
      expect(() => exactFloat64(Math.fround(x))).toThrow("write it as a float64 scalar");
  });
});

describe("A convolutional network with batch normalization", () => {
  it("The gradient agrees with finite differences", async () => {
    const inputs = [
      tensor([4, 2, 6, 6], "float64", 1),
      tensor([3, 2, 3, 3], "float64", 2),
      tensor([3], "float64", 3),
      tensor([3], "float64", 4),
      tensor([12, 5], "float64", 5),
    ];
    const value: TracedFunction = (...args) => [loss(...(args as Parameters<typeof loss>))];
    const withGradient: TracedFunction = (...args) => {
      const { value, grads } = L.valueAndGrad(
        (...a) => ({ value: loss(...(a as Parameters<typeof loss>)), aux: [] }),
        args,
      );
      return [value, ...grads];
    };
    const [, ...gradients] = await compiled(withGradient, inputs);
    const step = 1e-5;
    for (const [k, gradient] of gradients.entries()) {
      const direction = tensor(inputs[k].shape, "float64", 17 + k).data;
      const moved = (sign: number) => {
        const data = Float64Array.from(inputs[k].data, (v, i) => v + sign * step * direction[i]);
        return compiled(value, inputs.with(k, { ...inputs[k], data }));
      };
      const [[up], [down]] = [await moved(1), await moved(-1)];
      const slope = (up.data[0] - down.data[0]) / (2 * step);
      const expected = Array.from(gradient.data).reduce((sum, g, i) => sum + g * direction[i], 0);
      expect(slope).toBeCloseTo(expected, 7);
    }
  });
});

function loss(x: Traced, w: Traced, gamma: Traced, beta: Traced, head: Traced): Traced {
  const h = L.conv(x, w, {
    strides: [1, 1],
    padding: [
      [1, 1],
      [1, 1],
    ],
    dilations: [1, 1],
    groups: 1,
  });
  const centred = L.sub(h, L.mean(h, [0, 2, 3], { keepdims: true }));
  const variance = L.mean(L.square(centred), [0, 2, 3], { keepdims: true });
  const y = L.div(centred, L.sqrt(L.add(variance, 1e-5)));
  const perChannel = (v: Traced) => L.reshape(v, [1, 3, 1, 1]);
  const z = L.sigmoid(L.add(L.mul(perChannel(gamma), y), perChannel(beta)));
  const pooled = L.maxPool(z, {
    window: [3, 3],
    strides: [3, 3],
    padding: [
      [0, 0],
      [0, 0],
    ],
  });
  return L.mean(L.square(L.logSoftmax(L.matmul(L.reshape(pooled, [4, 12]), head), 1)));
}
