import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sizeOf } from "../../../../../src/base/tensor.js";
import { lang, type TracedFunction } from "../../../../../src/engine/index.js";
import { optimize } from "../../../../../src/engine/lowering/lower.js";
import { OPTIMIZED } from "../../../../../src/engine/lowering/optimizations.js";
import { trace } from "../../../../../src/engine/tracing/trace.js";
import {
  border,
  fits,
  skipUntraceable,
  small,
  unstrided,
  WINOGRAD_TOLERANCE,
  type WideConvolution,
  wideConvolution,
  wideOperands,
} from "../../../../support/engine/convolutions.js";
import { compiled, eager, expectClose, oracle, withGradients } from "../../../../support/engine/programs.js";

const L = lang;
oracle("wasm");

describe("Convolutions whose kernel is larger than their images", () => {
  const deep: fc.Arbitrary<WideConvolution> = fc.record({
    batch: fc.integer({ min: 1, max: 2 }),
    channels: fc.tuple(fc.integer({ min: 64, max: 70 }), fc.integer({ min: 64, max: 70 })),
    size: fc.tuple(small, small),
    kernel: fc.tuple(small, small).filter(([a, b]) => a * b > 1),
    stride: fc.integer({ min: 1, max: 2 }),
    padding: fc.tuple(border, border),
    dilations: fc.constant([1, 1]),
  });

  it("agree with jax-js's kernels, with both gradients and with a reversed kernel", async () => {
    await fc.assert(
      fc.asyncProperty(deep.filter(fits), fc.boolean(), async (c, reversed) => {
        const inputs = wideOperands(c, "float32");
        const fn = withGradients((x, w) => wideConvolution(c)(x, reversed ? L.flip(w, [2, 3]) : w), inputs);
        skipUntraceable(fn, inputs);
        expectClose(await compiled(fn, inputs), eager(fn, inputs), WINOGRAD_TOLERANCE);
      }),
      { numRuns: 20 },
    );
  });

  it("move no tensor of the kernel's size", () => {
    // The 1×1 convolution stores the image channels last, as a convolution inside a network finds
    // it.
    const network = (x: lang.Traced, u: lang.Traced, w: lang.Traced) =>
      L.sum(L.square(L.conv(L.conv(x, u, unstrided(0)), w, unstrided(1))));
    const gradient: TracedFunction = (x, u, w) =>
      L.valueAndGrad((a, b, c) => ({ value: network(a, b, c), aux: [] }), [x, u, w]).grads;
    const specs = [
      { shape: [2, 64, 2, 2], dtype: "float32" as const },
      { shape: [64, 64, 1, 1], dtype: "float32" as const },
      { shape: [64, 64, 3, 3], dtype: "float32" as const },
    ];
    const graph = optimize(trace(gradient, specs), OPTIMIZED);
    const moved = graph.nodes.filter(({ op }) => ["Transpose", "Slice", "Gather"].includes(op));
    for (const { inputs } of moved) expect(sizeOf(inputs[0].shape)).toBeLessThan(64 * 64 * 9);
  });
});
