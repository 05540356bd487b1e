import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../../../../src/base/random.js";
import { sizeOf, type Tensor } from "../../../../../src/base/tensor.js";
import { compile, lower } from "../../../../../src/engine/index.js";
import { broadcastTo, conv, type Traced, vjp } from "../../../../../src/engine/lang/index.js";
import { OPTIMIZED, PLAIN } from "../../../../../src/engine/lowering/optimizations.js";

const random = new Random(3);
const noise = (shape: readonly number[]): Tensor => ({
  dtype: "float64",
  shape,
  data: Float64Array.from({ length: sizeOf(shape) }, () => random.normal()),
});

/** The gradient of a convolution's weight for a cotangent of one number per output channel. */
function weightGradient(groups: number, stride: number, padding: number) {
  const options = {
    strides: [stride, stride],
    padding: [
      [padding, padding],
      [padding, padding],
    ] as [number, number][],
    dilations: [1, 1],
    groups,
  };
  return (x: Traced, w: Traced, perOutput: Traced) => {
    const { out, pullback } = vjp((weight) => ({ out: [conv(x, weight, options)], aux: [] }), [w]);
    return pullback([broadcastTo(perOutput, out[0].shape)]);
  };
}

describe("The weight gradient of a cotangent of one number per output channel", () => {
  it("is the same as without the optimization, with groups, strides and padding", async () => {
    const cases = fc.record({
      groups: fc.constantFrom(1, 2, 4),
      stride: fc.integer({ min: 1, max: 2 }),
      padding: fc.integer({ min: 0, max: 2 }),
      size: fc.integer({ min: 4, max: 9 }),
      /** Whether all samples are broadcast from one. */
      repeated: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ groups, stride, padding, size, repeated }) => {
        const args = [
          noise([repeated ? 1 : 3, 4, size, size]),
          noise([8, 4 / groups, 3, 3]),
          noise([1, 8, 1, 1]),
        ];
        const fn = (...[x, w, perOutput]: Traced[]) =>
          weightGradient(groups, stride, padding)(broadcastTo(x, [3, 4, size, size]), w, perOutput);
        const results = await Promise.all(
          [{}, { optimizations: PLAIN }].map(async (options) => {
            await using program = await compile(fn, args, options);
            return (await program.run(args))[0];
          }),
        );
        const [fast, plain] = results as [Tensor, Tensor];
        expect(fast.shape).toEqual(plain.shape);
        for (let i = 0; i < plain.data.length; i++) expect(fast.data[i]).toBeCloseTo(plain.data[i], 10);
      }),
      { numRuns: 30 },
    );
  });

  it("has another graph than without the optimization", () => {
    const specs = [noise([3, 4, 6, 6]), noise([8, 4, 3, 3]), noise([1, 8, 1, 1])];
    const bytes = (constantKernels: boolean) =>
      lower((...a: Traced[]) => weightGradient(1, 1, 1)(a[0], a[1], a[2]), specs, {
        optimizations: { ...OPTIMIZED, constantKernels },
      }).bytes;
    expect(bytes(true)).not.toEqual(bytes(false));
  });
});
