import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DType, Tensor } from "../../../../../src/base/tensor.js";
import { lang, lower, type TracedFunction } from "../../../../../src/engine/index.js";
import { borrow } from "../../../../../src/engine/lang/borrow.js";
import { PLAIN } from "../../../../../src/engine/lowering/optimizations.js";
import { type JaxArray, lax, type Traced, vmap } from "../../../../../src/engine/tracing/jax.js";
import { agrees, oracle, tensor, withGradients } from "../../../../support/engine/programs.js";

const L = lang;
oracle("wasm");

/** A convolution as jax-js takes it, with any geometry that leaves at least one position. */
interface Geometry {
  readonly batch: number;
  readonly groups: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly axes: readonly {
    readonly size: number;
    readonly kernel: number;
    readonly stride: number;
    readonly before: number;
    readonly after: number;
    readonly spread: number;
    readonly dilation: number;
  }[];
}

const axis = fc
  .record({
    size: fc.integer({ min: 1, max: 7 }),
    kernel: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 3 }),
    before: fc.integer({ min: -1, max: 3 }),
    after: fc.integer({ min: -1, max: 3 }),
    spread: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
  })
  .filter(({ size, kernel, before, after, spread, dilation }) => {
    const padded = (size - 1) * spread + 1 + before + after;
    return before + after > -size && padded >= (kernel - 1) * dilation + 1;
  });

const geometry: fc.Arbitrary<Geometry> = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  groups: fc.integer({ min: 1, max: 3 }),
  inputs: fc.integer({ min: 1, max: 3 }),
  outputs: fc.integer({ min: 1, max: 3 }),
  axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
});

const convolution = (c: Geometry) => (x: Traced, w: Traced) =>
  lax.convGeneralDilated(
    borrow(x),
    borrow(w),
    c.axes.map((a) => a.stride),
    c.axes.map((a): [number, number] => [a.before, a.after]),
    {
      lhsDilation: c.axes.map((a) => a.spread),
      rhsDilation: c.axes.map((a) => a.dilation),
      featureGroupCount: c.groups,
    },
  ) as Traced;

const operands = (c: Geometry, dtype: DType) => [
  tensor([c.batch, c.groups * c.inputs, ...c.axes.map((a) => a.size)], dtype, 1),
  tensor([c.groups * c.outputs, c.inputs, ...c.axes.map((a) => a.kernel)], dtype, 2),
];

/** jax-js cannot trace some gradients where a convolution crops or pads beyond its kernel; those are no test of ours. */
async function agreesWhereTraceable(fn: TracedFunction, inputs: Tensor[]): Promise<void> {
  try {
    lower(fn, inputs);
  } catch (error) {
    fc.pre(!String(error).includes("is too negative"));
    throw error;
  }
  await agrees(fn, ...inputs);
}

describe("convolutions of every geometry agree with jax-js's own kernels", () => {
  it.each(["float64", "float32"] as const)("%s, with both gradients", async (dtype) => {
    await fc.assert(
      fc.asyncProperty(geometry, async (c) => {
        const inputs = operands(c, dtype);
        await agreesWhereTraceable(withGradients(convolution(c), inputs), inputs);
      }),
      { numRuns: 60 },
    );
  });

  it("second derivatives of strided and grouped ones", async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (c) => {
        const f = convolution(c);
        const gradient: TracedFunction = (a, b) =>
          L.valueAndGrad((p, q) => ({ value: L.sum(L.square(f(p, q))), aux: [] }), [a, b]).grads;
        const hessianVector: TracedFunction = (a, b) => L.jvp(gradient, [a, b], [a, b]).tangent;
        await agreesWhereTraceable(hessianVector, operands(c, "float64"));
      }),
      { numRuns: 25 },
    );
  });
});

describe("convolutions under vmap", () => {
  const same = {
    strides: [1, 1],
    padding: [
      [1, 1],
      [1, 1],
    ] as const,
    dilations: [1, 1],
    groups: 1,
  };
  const mapped = (axes: (number | null)[]) => (x: Traced, w: Traced) =>
    vmap((a: JaxArray, b: JaxArray) => borrow(L.conv(a, b, same)), axes as never)(
      borrow(x),
      borrow(w),
    ) as Traced;
  const cases = [
    ["both operands", [0, 0], [3, 2, 4, 5, 5], [3, 6, 4, 3, 3]],
    ["the input only", [0, null], [3, 2, 4, 5, 5], [6, 4, 3, 3]],
    ["the kernel only", [null, 0], [2, 4, 5, 5], [3, 6, 4, 3, 3]],
    ["an inner axis", [2, 1], [2, 4, 3, 5, 5], [6, 3, 4, 3, 3]],
  ] as const;
  for (const dtype of ["float64", "float32"] as const)
    it.each(cases)(`${dtype}, %s`, async (_, axes, xs, ws) => {
      const inputs = [tensor(xs, dtype), tensor(ws, dtype, 2)];
      await agrees(withGradients(mapped([...axes]), inputs), ...inputs);
    });
});

describe("transposed convolutions", () => {
  it.each(["float64", "float32"] as const)("%s, with groups, dilation and output padding", async (dtype) => {
    const geometry = {
      strides: [2, 3],
      padding: [
        [1, 0],
        [2, 1],
      ] as const,
      dilations: [2, 1],
      groups: 2,
    };
    const inputs = [tensor([2, 4, 3, 4], dtype), tensor([4, 3, 3, 2], dtype, 2)];
    await agrees(
      withGradients((x, w) => L.convTranspose(x, w, geometry, [1, 2]), inputs),
      ...inputs,
    );
  });
});

describe("without optimizations a convolution is one operator of ONNX Runtime where it has a fast one", () => {
  const specs = [
    { shape: [8, 16, 12, 12], dtype: "float32" as const },
    { shape: [16, 16, 3, 3], dtype: "float32" as const },
  ];
  const strided = {
    strides: [2, 2],
    padding: [
      [1, 1],
      [1, 1],
    ] as const,
    dilations: [1, 1],
    groups: 1,
  };
  const operatorsOf = (f: (x: Traced, w: Traced) => Traced[]) =>
    Object.fromEntries(lower((x, w) => f(x, w), specs, { optimizations: PLAIN }).operators);

  it("forward: Conv", () => {
    expect(operatorsOf((x, w) => [L.conv(x, w, strided)])).toEqual({ Conv: 1 });
  });
  it("gradient of the input: ConvTranspose, the two reversals of the kernel cancel", () => {
    const gradient = operatorsOf(
      (x, w) =>
        L.valueAndGrad((a) => ({ value: L.sum(L.square(L.conv(a, w, strided))), aux: [] }), [x]).grads,
    );
    expect(gradient).toMatchObject({ Conv: 1, ConvTranspose: 1 });
    expect(gradient).not.toHaveProperty("Slice");
    expect(gradient).not.toHaveProperty("Transpose");
  });
  it("gradient of the kernel: a matrix product", () => {
    const gradient = operatorsOf(
      (x, w) =>
        L.valueAndGrad((b) => ({ value: L.sum(L.square(L.conv(x, b, strided))), aux: [] }), [w]).grads,
    );
    expect(gradient).toMatchObject({ Conv: 1, Gemm: 1, Gather: 1 });
  });
});
