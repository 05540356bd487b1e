import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../../src/base/tensor.js";
import { lang, lower, type TracedFunction } from "../../../../src/engine/index.js";
import { borrow } from "../../../../src/engine/lang/borrow.js";
import { lax, type Traced } from "../../../../src/engine/tracing/jax.js";
import {
  compiled,
  eager,
  expectClose,
  oracle,
  tensor,
  withGradients,
} from "../../../support/engine/programs.js";

const L = lang;
oracle("wasm");

const axis = fc
  .record({
    size: fc.integer({ min: 1, max: 8 }),
    window: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 5 }),
    before: fc.integer({ min: 0, max: 2 }),
    after: fc.integer({ min: 0, max: 2 }),
    dilation: fc.integer({ min: 1, max: 2 }),
  })
  .filter(({ size, window, stride, before, after, dilation }) => {
    const positions = Math.floor((size + before + after - (window - 1) * dilation - 1) / stride) + 1;
    const isElement = (at: number) => at >= before && at < before + size;
    const reaches = (position: number) =>
      Array.from({ length: window }, (_, i) => position * stride + i * dilation).some(isElement);
    // Every window reaches an element.
    return positions > 0 && Array.from({ length: positions }, (_, i) => i).every(reaches);
  });
const axes = fc.array(axis, { minLength: 1, maxLength: 3 });
type Axes = typeof axes extends fc.Arbitrary<infer T> ? T : never;

const options = (a: Axes) => ({
  window: a.map((x) => x.window),
  strides: a.map((x) => x.stride),
  padding: a.map((x) => [x.before, x.after] as const),
  dilations: a.map((x) => x.dilation),
});

/**
 * What jax-js computes. Discards cases that it refuses: some windows that are larger than their
 * stride along one axis and smaller along another.
 */
function reference(fn: TracedFunction, inputs: readonly Tensor[]): Tensor[] {
  try {
    return eager(fn, inputs);
  } catch (error) {
    fc.pre(!String(error).includes("invalid shrink"));
    throw error;
  }
}

describe("Pools of every geometry agree with jax-js's kernels, with gradients", () => {
  const kinds: [string, (x: Traced, a: Axes) => Traced][] = [
    ["maximum", (x, a) => L.maxPool(x, options(a))],
    ["maximum with ties", (x, a) => L.maxPool(L.floor(x), options(a))],
    ["sum", (x, a) => L.sumPool(x, options(a))],
  ];
  for (const dtype of ["float64", "float32"] as const)
    it.each(kinds)(`in ${dtype}: %s`, async (_, pool) => {
      await fc.assert(
        fc.asyncProperty(axes, async (a) => {
          const inputs = [tensor([2, 3, ...a.map((x) => x.size)], dtype)];
          const fn = withGradients((x) => pool(L.mul(x, 2), a), inputs);
          expectClose(await compiled(fn, inputs), reference(fn, inputs));
        }),
        { numRuns: 30 },
      );
    });
});

describe("Reductions of windows that no ONNX operator computes agree with jax-js's kernels", () => {
  const of = (reduce: (w: Traced) => Traced) => (x: Traced) =>
    lax.reduceWindow(borrow(x), reduce as never, [2, 3], [1, 2]) as Traced;
  it.each([
    ["sum along one axis, maximum along the other", (w: Traced) => L.amax(L.sum(w, [0]))],
    ["maximum along one axis, sum along the other", (w: Traced) => L.sum(L.amax(w, [1]))],
    ["products", (w: Traced) => L.prod(L.add(L.square(w), 0.1))],
  ] as const)("%s", async (_, reduce) => {
    const inputs = [tensor([2, 3, 5, 7], "float32")];
    const fn = withGradients(of(reduce), inputs);
    expectClose(await compiled(fn, inputs), eager(fn, inputs));
  });
});

it("The maximum of int32 windows does not use MaxPool, which takes floats only", async () => {
  const inputs = [tensor([2, 3, 4, 6], "int32")];
  const fn: TracedFunction = (x) => [
    lax.reduceWindow(borrow(x), ((w: Traced) => L.amax(w)) as never, [2, 2], [2, 2]) as Traced,
  ];
  expectClose(await compiled(fn, inputs), eager(fn, inputs));
});

describe("Of tied elements of a window, the first in C order gets the whole cotangent", () => {
  const pad = [
    [0, 0],
    [0, 0],
  ] as const;
  const image = (values: number[], shape = [1, 1, 3, 4]): Tensor => ({
    dtype: "float64",
    shape,
    data: Float64Array.from(values),
  });
  const ones = image(Array<number>(12).fill(1));
  it.each([
    [
      "windows that tile",
      { window: [2, 2], strides: [2, 2], padding: pad },
      [1, 0, 1, 0, ...Array(8).fill(0)],
    ],
    [
      "windows that overlap",
      { window: [2, 2], strides: [1, 1], padding: pad },
      [1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0],
    ],
    [
      "windows with padding, which is never the first",
      {
        window: [2, 2],
        strides: [2, 2],
        padding: [
          [1, 0],
          [1, 1],
        ] as const,
      },
      [1, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0],
    ],
    [
      "dilated windows",
      { window: [2, 2], strides: [1, 1], padding: pad, dilations: [2, 3] },
      [1, ...Array(11).fill(0)],
    ],
  ] as const)("for %s", async (_, geometry, expected) => {
    for (const dtype of ["float64", "float32"] as const) {
      const input = { ...ones, dtype, data: dtype === "float64" ? ones.data : Float32Array.from(ones.data) };
      const fn: TracedFunction = (x) =>
        L.valueAndGrad((a) => ({ value: L.sum(L.maxPool(a, geometry)), aux: [] }), [x]).grads;
      for (const [gradient] of [await compiled(fn, [input]), eager(fn, [input])])
        expect(Array.from(gradient.data)).toEqual(expected);
    }
  });
});

describe("The pool of a layer is one ONNX operator, and the windows are never stored", () => {
  const spec = { shape: [4, 8, 12, 12], dtype: "float32" as const };
  const two = {
    window: [2, 2],
    strides: [2, 2],
    padding: [
      [0, 0],
      [0, 0],
    ] as const,
  };
  const three = {
    window: [3, 3],
    strides: [2, 2],
    padding: [
      [0, 0],
      [0, 0],
    ] as const,
  };

  it.each([
    ["windows that tile", two],
    ["windows that overlap", three],
  ])("for %s", (_, geometry) => {
    const { operators } = lower((x) => [L.maxPool(x, geometry)], [spec]);
    expect(Object.fromEntries(operators)).toEqual({ MaxPool: 1, Reshape: 2 });
    const sums = lower((x) => [L.sumPool(x, geometry)], [spec]).operators;
    expect(Object.fromEntries(sums)).toEqual({ AveragePool: 1, Mul: 1, Reshape: 2 });
  });
});

it("A pool does not move an image that is stored channels last", () => {
  const fn: TracedFunction = (x, u) => {
    const noPadding = [
      [0, 0],
      [0, 0],
    ] as const;
    const image = L.conv(x, u, { strides: [1, 1], padding: noPadding, dilations: [1, 1], groups: 1 });
    return [L.sum(L.maxPool(image, { window: [2, 2], strides: [2, 2], padding: noPadding }), [0, 2, 3])];
  };
  const { operators } = lower(fn, [
    { shape: [4, 16, 8, 8], dtype: "float32" },
    { shape: [32, 16, 1, 1], dtype: "float32" },
  ]);
  // One transpose stores the input channels last, in two steps.
  expect(operators.get("Transpose") ?? 0).toBeLessThanOrEqual(2);
  expect(operators.has("MaxPool")).toBe(false);
});
