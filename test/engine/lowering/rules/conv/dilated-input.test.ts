import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sizeOf } from "../../../../../src/base/tensor.js";
import { lang, type TracedFunction } from "../../../../../src/engine/index.js";
import { optimize } from "../../../../../src/engine/lowering/lower.js";
import { OPTIMIZED } from "../../../../../src/engine/lowering/optimizations.js";
import { trace } from "../../../../../src/engine/tracing/trace.js";
import {
  generalConvolution,
  skipUntraceable,
  small,
  WINOGRAD_TOLERANCE,
  type WideConvolution,
  wideBatch,
  wideChannels,
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

describe("Transposed convolutions", () => {
  const transposed =
    (stride: number, padding: WideConvolution["padding"]) =>
    (x: lang.Traced, w: lang.Traced): lang.Traced => {
      const settings = { strides: [stride, stride], padding, dilations: [1, 1], groups: 1 };
      return L.convTranspose(x, w, settings, [0, 0]);
    };

  it("agree with jax-js's kernels, with both gradients", async () => {
    const cases = fc.record({
      ...{ batch: wideBatch, channels: wideChannels, size: fc.tuple(small, small) },
      kernel: fc.integer({ min: 2, max: 4 }),
      stride: fc.integer({ min: 2, max: 3 }),
      padding: fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 })),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ batch, channels: [from, to], size, kernel, stride, padding }) => {
        fc.pre(Math.min(...size) * stride + kernel > padding[0] + padding[1] + stride);
        const inputs = [
          tensor([batch, from, ...size], "float32", 1),
          tensor([from, to, kernel, kernel], "float32", 2),
        ];
        const fn = withGradients(transposed(stride, [padding, padding]), inputs);
        skipUntraceable(fn, inputs);
        expectClose(await compiled(fn, inputs), eager(fn, inputs), WINOGRAD_TOLERANCE);
      }),
      { numRuns: 25 },
    );
  });

  it("never multiply the gaps between pixels", () => {
    const [samples, pixels, from, to, offsets] = [16, 8 * 8, 32, 16, 4 * 4];
    const specs = [
      { shape: [samples, from, 8, 8], dtype: "float32" as const },
      { shape: [from, to, 4, 4], dtype: "float32" as const },
    ];
    const upsampled = transposed(2, [
      [1, 1],
      [1, 1],
    ]);
    const gradient: TracedFunction = (x, w) =>
      L.valueAndGrad((a, b) => ({ value: L.sum(L.square(upsampled(a, b))), aux: [] }), [x, w]).grads;
    const graph = optimize(trace(gradient, specs), OPTIMIZED);
    const products = graph.nodes
      .filter(({ op }) => /MatMul|Gemm/.test(op))
      .map(({ op, inputs: [a], outputs: [y], attributes }) => {
        expect(op === "FusedMatMul" || a.shape.length === 2, op).toBe(true);
        return sizeOf(y.shape) * a.shape.at(attributes.transA ? -2 : -1)!;
      });
    // Once in the forward pass, once for each gradient.
    expect(products.reduce((a, b) => a + b)).toBe(3 * samples * pixels * from * to * offsets);
  });
});

describe("Convolutions of images with gaps agree with jax-js's kernels", () => {
  it.each([
    ["strides", { stride: 2, dilation: 1, spread: 3 }],
    ["a dilated kernel", { stride: 1, dilation: 2, spread: 3 }],
    ["a dilated kernel whose offsets meet only some of the gaps", { stride: 1, dilation: 2, spread: 2 }],
    ["strides and a dilated kernel", { stride: 3, dilation: 2, spread: 2 }],
  ])("with %s", async (_, { stride, dilation, spread }) => {
    const inputs = [tensor([2, 17, 4, 5], "float32", 1), tensor([18, 17, 3, 2], "float32", 2)];
    const axes = [
      { size: 4, kernel: 3, stride, before: 2, after: 3, spread, dilation },
      { size: 5, kernel: 2, stride, before: 1, after: 2, spread, dilation },
    ];
    const fn = withGradients(generalConvolution({ groups: 1, axes }), inputs);
    expectClose(await compiled(fn, inputs), eager(fn, inputs), WINOGRAD_TOLERANCE);
  });
});
