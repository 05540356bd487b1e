import { describe, expect, it } from "vitest";
import { lang, lower, type TracedFunction } from "../../../../../../src/engine/index.js";
import { PLAIN } from "../../../../../../src/engine/lowering/optimizations.js";
import {
  gradientOperators,
  unstrided,
  WINOGRAD_TOLERANCE,
  type WideConvolution,
  wideConvolution,
  wideOperands,
} from "../../../../../support/engine/convolutions.js";
import {
  compiled,
  eager,
  expectClose,
  oracle,
  tensor,
  withGradients,
} from "../../../../../support/engine/programs.js";

const L = lang;
oracle("wasm");

describe("Winograd agrees with the direct convolution", () => {
  // The weight gradient stores the cotangent by output channel up to 128 outputs only.
  it.each([16, 129])("from 16 channels to %s, with both gradients", async (to) => {
    const c: WideConvolution = {
      ...{ batch: 5, channels: [16, to], size: [7, 8], kernel: [3, 3], stride: 1, dilations: [1, 1] },
      padding: [
        [1, 1],
        [0, 2],
      ],
    };
    const inputs = wideOperands(c, "float32");
    const fn = withGradients(wideConvolution(c), inputs);
    expectClose(await compiled(fn, inputs), eager(fn, inputs), WINOGRAD_TOLERANCE);
  });

  it.each([
    [1, 1],
    [3, 2],
  ])("in bands of a large image, with dilations %d and %d", async (...dilations) => {
    const large: WideConvolution = {
      ...{ batch: 2, channels: [64, 16], size: [181, 67], kernel: [3, 3], stride: 1, dilations },
      padding: [
        [1, 0],
        [1, 1],
      ],
    };
    const inputs = wideOperands(large, "float32");
    const fn = withGradients(wideConvolution(large), inputs);
    expect(lower(fn, inputs).operators.get("Concat")).toBeGreaterThan(0);
    const plain = await compiled(fn, inputs, { optimizations: PLAIN });
    expectClose(await compiled(fn, inputs), plain, WINOGRAD_TOLERANCE);
  });
});

it("Winograd in the backward pass only leaves the forward pass bit for bit as it is", async () => {
  const through = (x: lang.Traced, w: lang.Traced) => L.conv(L.conv(x, w, unstrided(1)), w, unstrided(1));
  const inputs = [tensor([4, 16, 8, 8], "float32", 1), tensor([16, 16, 3, 3], "float32", 2)];
  const fn: TracedFunction = (x, w) => {
    const { aux, grads } = L.valueAndGrad(
      (a, b) => {
        const y = through(a, b);
        return { value: L.sum(L.square(y)), aux: [y] };
      },
      [x, w],
    );
    return [...aux, ...grads];
  };
  const run = (optimizations: object) => compiled(fn, inputs, { optimizations });
  const direct = await run({ winograd: false, winogradGradients: false });
  const backward = await run({ winograd: false });
  expect(backward[0].data).toEqual(direct[0].data);
  for (const i of [1, 2]) expect(backward[i].data).not.toEqual(direct[i].data);
  expectClose(backward, direct, WINOGRAD_TOLERANCE);
  const forward = await run({ winogradGradients: false });
  expect(forward[0].data).not.toEqual(direct[0].data);
});

it("Winograd transforms x twice, reads nothing transposed and reverses no kernel", () => {
  const graph = gradientOperators(16, "float32");
  // Three products and nine transforms: of x (forward pass and kernel gradient), of the cotangent
  // (as input and as results), of the kernel (forward pass and input gradient), of the result and
  // of both gradients.
  expect(graph.MatMul).toBe(12);
  expect(graph).not.toHaveProperty("FusedMatMul");
  expect(graph).not.toHaveProperty("Slice");
  expect(graph).not.toHaveProperty("Conv");
});

it("Winograd serves dilated kernels, too", () => {
  const dilated: TracedFunction = (x, w) => [
    L.conv(x, w, {
      strides: [1, 1],
      padding: [1, 2].map(() => [2, 2] as const),
      dilations: [2, 2],
      groups: 1,
    }),
  ];
  const specs = [
    { shape: [8, 16, 8, 8], dtype: "float32" as const },
    { shape: [32, 16, 3, 3], dtype: "float32" as const },
  ];
  // The transforms of input, kernel and result, and the product.
  expect(lower(dilated, specs).operators.get("MatMul")).toBe(4);
});
