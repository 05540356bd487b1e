import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Tensor } from "../../../../../src/base/tensor.js";
import { compile, lang, lower, Program, type TracedFunction } from "../../../../../src/engine/index.js";
import { borrow } from "../../../../../src/engine/lang/borrow.js";
import { lax, type Traced } from "../../../../../src/engine/tracing/jax.js";
import {
  compiled,
  eager,
  expectClose,
  oracle,
  tensor,
  withGradients,
} from "../../../../support/engine/programs.js";

const L = lang;
oracle("wasm");

/** A depthwise convolution on one axis or two; groups and batch make blocks of 16, but not always. */
interface Geometry {
  readonly batch: number;
  readonly groups: number;
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
  batch: fc.constantFrom(1, 2, 3, 4),
  groups: fc.constantFrom(5, 8, 16, 32),
  axes: fc.array(axis, { minLength: 1, maxLength: 2 }),
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

const operands = (c: Geometry): Tensor[] => [
  tensor([c.batch, c.groups, ...c.axes.map((a) => a.size)], "float32", 1),
  tensor([c.groups, 1, ...c.axes.map((a) => a.kernel)], "float32", 2),
];

/** jax-js cannot trace some gradients where a convolution crops or pads beyond its kernel; those are no test of ours. */
async function agreesWhereTraceable(fn: TracedFunction, inputs: Tensor[]): Promise<void> {
  try {
    lower(fn, inputs);
  } catch (error) {
    fc.pre(!String(error).includes("is too negative"));
    throw error;
  }
  expectClose(await compiled(fn, inputs), eager(fn, inputs));
}

describe("depthwise convolutions agree with jax-js's own kernels", () => {
  it("with both gradients", async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (c) => {
        await agreesWhereTraceable(withGradients(convolution(c), operands(c)), operands(c));
      }),
      { numRuns: 60 },
    );
  });

  it("second derivatives", async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (c) => {
        const f = convolution(c);
        const gradient: TracedFunction = (a, b) =>
          L.valueAndGrad((p, q) => ({ value: L.mean(L.square(f(p, q))), aux: [] }), [a, b]).grads;
        const hessianVector: TracedFunction = (a, b) => L.jvp(gradient, [a, b], [a, b]).tangent;
        await agreesWhereTraceable(hessianVector, operands(c));
      }),
      { numRuns: 20 },
    );
  });

  it("several kernels for each channel, which blocks do not take", async () => {
    const inputs = [tensor([2, 16, 5, 5], "float32"), tensor([32, 1, 3, 3], "float32", 2)];
    const padding = [1, 1].map((border) => [border, border] as const);
    const fn = withGradients(
      (x, w) => L.conv(x, w, { strides: [1, 1], padding, dilations: [1, 1], groups: 16 }),
      inputs,
    );
    expectClose(await compiled(fn, inputs), eager(fn, inputs));
  });
});

describe("blocked kernels", () => {
  afterEach(() => void vi.restoreAllMocks());
  const padding = [1, 1].map((border) => [border, border] as const);
  const geometry = { strides: [1, 1], padding, dilations: [1, 1], groups: 16 };
  const gradient: TracedFunction = (x, w) =>
    L.valueAndGrad((a, b) => ({ value: L.sum(L.square(L.conv(a, b, geometry))), aux: [] }), [x, w]).grads;
  const inputs = [tensor([2, 16, 6, 6], "float32"), tensor([16, 1, 3, 3], "float32", 2)];

  it("compute the convolution and both of its gradients", () => {
    const { operators } = lower(gradient, inputs);
    expect(operators.get("ReorderOutput")).toBe(3);
    expect(operators.has("ConvTranspose")).toBe(false);
  });

  it.each([
    ["float64", inputs.map(({ shape }) => tensor(shape)), {}],
    ["a file to run anywhere", inputs, { contrib: false }],
    ["switched off", inputs, { blocked: false }],
  ] as const)("are not used: %s", (_, specs, optimizations) => {
    expect(lower(gradient, specs, { optimizations }).operators.has("ReorderInput")).toBe(false);
  });

  it("where the runtime refuses them the graph is made without", async () => {
    const load = vi.spyOn(Program, "load").mockRejectedValueOnce(new Error("no such operator"));
    await using program = await compile(gradient, inputs);
    expect(load).toHaveBeenCalledTimes(2);
    expectClose(await program.run(inputs), eager(gradient, inputs));
    expect(load.mock.calls.map(([{ operators }]) => operators.has("ReorderInput"))).toEqual([true, false]);
  });

  it("other devices get none", async () => {
    const load = vi.spyOn(Program, "load").mockRejectedValue(new Error("no such device"));
    await expect(compile(gradient, inputs, { device: "webgpu" })).rejects.toThrow("no such device");
    expect(load.mock.calls.map(([{ operators }]) => operators.has("ReorderInput"))).toEqual([false]);
  });
});
