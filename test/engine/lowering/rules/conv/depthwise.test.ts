import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { compile, lang, lower, Program, type TracedFunction } from "../../../../../src/engine/index.js";
import {
  type GeneralConvolution,
  generalAxis,
  generalConvolution,
  generalOperands,
  skipUntraceable,
} from "../../../../support/engine/convolutions.js";
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

/** Products of samples and groups are multiples of 16 in some cases and not in others. */
const anyDepthwise: fc.Arbitrary<GeneralConvolution> = fc.record({
  batch: fc.constantFrom(1, 2, 3, 4),
  groups: fc.constantFrom(5, 8, 16, 32),
  inputs: fc.constant(1),
  outputs: fc.constant(1),
  axes: fc.array(generalAxis, { minLength: 1, maxLength: 2 }),
});

describe("Depthwise convolutions agree with jax-js's kernels", () => {
  it("with both gradients", async () => {
    await fc.assert(
      fc.asyncProperty(anyDepthwise, async (c) => {
        const inputs = generalOperands(c, "float32");
        const fn = withGradients(generalConvolution(c), inputs);
        skipUntraceable(fn, inputs);
        expectClose(await compiled(fn, inputs), eager(fn, inputs));
      }),
      { numRuns: 60 },
    );
  });

  it("in second derivatives", async () => {
    await fc.assert(
      fc.asyncProperty(anyDepthwise, async (c) => {
        const f = generalConvolution(c);
        const gradient: TracedFunction = (a, b) =>
          L.valueAndGrad((p, q) => ({ value: L.mean(L.square(f(p, q))), aux: [] }), [a, b]).grads;
        const hessianVector: TracedFunction = (a, b) => L.jvp(gradient, [a, b], [a, b]).tangent;
        const inputs = generalOperands(c, "float32");
        skipUntraceable(hessianVector, inputs);
        expectClose(await compiled(hessianVector, inputs), eager(hessianVector, inputs));
      }),
      { numRuns: 20 },
    );
  });

  it("with several kernels for each channel, for which blocked kernels are not used", async () => {
    const inputs = [tensor([2, 16, 5, 5], "float32"), tensor([32, 1, 3, 3], "float32", 2)];
    const padding = [1, 1].map((border) => [border, border] as const);
    const fn = withGradients(
      (x, w) => L.conv(x, w, { strides: [1, 1], padding, dilations: [1, 1], groups: 16 }),
      inputs,
    );
    expectClose(await compiled(fn, inputs), eager(fn, inputs));
  });
});

describe("Blocked kernels", () => {
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
    ["in float64", inputs.map(({ shape }) => tensor(shape)), {}],
    ["for a portable file", inputs, { contrib: false }],
    ["when switched off", inputs, { blocked: false }],
  ] as const)("are not used %s", (_, specs, optimizations) => {
    expect(lower(gradient, specs, { optimizations }).operators.has("ReorderInput")).toBe(false);
  });

  it("are left out of the graph where the runtime refuses them", async () => {
    const load = vi.spyOn(Program, "load").mockRejectedValueOnce(new Error("no such operator"));
    await using program = await compile(gradient, inputs);
    expect(load).toHaveBeenCalledTimes(2);
    expectClose(await program.run(inputs), eager(gradient, inputs));
    expect(load.mock.calls.map(([{ operators }]) => operators.has("ReorderInput"))).toEqual([true, false]);
  });

  it("are not used on other devices", async () => {
    const load = vi.spyOn(Program, "load").mockRejectedValue(new Error("no such device"));
    await expect(compile(gradient, inputs, { device: "webgpu" })).rejects.toThrow("no such device");
    expect(load.mock.calls.map(([{ operators }]) => operators.has("ReorderInput"))).toEqual([false]);
  });
});
