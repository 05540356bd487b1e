import { describe, expect, it } from "vitest";
import { lang, lower } from "../../../../../src/engine/index.js";
import { PLAIN } from "../../../../../src/engine/lowering/optimizations.js";
import type { Traced } from "../../../../../src/engine/tracing/jax.js";
import { unstrided } from "../../../../support/engine/convolutions.js";
import { agrees, oracle, tensor, withGradients } from "../../../../support/engine/programs.js";

const L = lang;
oracle("wasm");

describe("A transposed convolution with groups, dilation and output padding agrees with jax-js", () => {
  it.each(["float64", "float32"] as const)("in %s", async (dtype) => {
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

describe("Without optimizations a convolution is the one operator that ONNX Runtime computes fast", () => {
  const specs = [
    { shape: [8, 16, 12, 12], dtype: "float32" as const },
    { shape: [16, 16, 3, 3], dtype: "float32" as const },
  ];
  const strided = { ...unstrided(1), strides: [2, 2] };
  const operatorsOf = (f: (x: Traced, w: Traced) => Traced[]) =>
    Object.fromEntries(lower((x, w) => f(x, w), specs, { optimizations: PLAIN }).operators);

  it("The forward pass is one Conv", () => {
    expect(operatorsOf((x, w) => [L.conv(x, w, strided)])).toEqual({ Conv: 1 });
  });
  it("The gradient of the input is one ConvTranspose, and the two reversals of the kernel cancel", () => {
    const gradient = operatorsOf(
      (x, w) =>
        L.valueAndGrad((a) => ({ value: L.sum(L.square(L.conv(a, w, strided))), aux: [] }), [x]).grads,
    );
    expect(gradient).toMatchObject({ Conv: 1, ConvTranspose: 1 });
    expect(gradient).not.toHaveProperty("Slice");
    expect(gradient).not.toHaveProperty("Transpose");
  });
  it("The gradient of the kernel is one matrix product", () => {
    const gradient = operatorsOf(
      (x, w) =>
        L.valueAndGrad((b) => ({ value: L.sum(L.square(L.conv(x, b, strided))), aux: [] }), [w]).grads,
    );
    expect(gradient).toMatchObject({ Conv: 1, Gemm: 1, Gather: 1 });
  });
});
