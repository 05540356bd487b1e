import { expect, it } from "vitest";
import { lang } from "../../../../../src/engine/index.js";
import { optimize } from "../../../../../src/engine/lowering/lower.js";
import { OPTIMIZED, PLAIN } from "../../../../../src/engine/lowering/optimizations.js";
import { trace } from "../../../../../src/engine/tracing/trace.js";
import { gradientOperators, WINOGRAD_TOLERANCE } from "../../../../support/engine/convolutions.js";
import { compiled, expectClose, oracle, tensor, withGradients } from "../../../../support/engine/programs.js";

const L = lang;
oracle("wasm");

it("Large images are gathered and multiplied in bands that add up, with both gradients", async () => {
  const strided = (x: lang.Traced, w: lang.Traced) => {
    const padding = [[1, 1] as const, [0, 2] as const];
    return L.conv(x, w, { strides: [2, 2], padding, dilations: [1, 1], groups: 1 });
  };
  const inputs = [tensor([17, 18, 59, 61], "float32", 1), tensor([16, 18, 3, 3], "float32", 2)];
  const fn = withGradients(strided, inputs);
  const { nodes } = optimize(trace(fn, inputs), OPTIMIZED);
  // Gathers for the result, for each of the four phases of the input gradient, and for the kernel
  // gradient.
  expect(nodes.filter(({ op }) => op === "Gather").length).toBeGreaterThan(9);
  const fast = await compiled(fn, inputs);
  expectClose(fast, await compiled(fn, inputs, { optimizations: PLAIN }), WINOGRAD_TOLERANCE);
  // After a transpose, the kernel gradient finds the cotangent stored by channels.
  const turned = withGradients((x, w) => L.transpose(strided(x, w), [1, 2, 3, 0]), inputs);
  expectClose(
    await compiled(turned, inputs),
    await compiled(turned, inputs, { optimizations: PLAIN }),
    WINOGRAD_TOLERANCE,
  );
});

it("In float64 and with few channels, convolutions are matrix products over rows of channels", () => {
  expect(gradientOperators(16, "float64")).not.toHaveProperty("FusedMatMul");
  expect(gradientOperators(3, "float32")).not.toHaveProperty("FusedMatMul");
});

it("A 1×1 convolution gathers nothing", () => {
  expect(gradientOperators(16, "float32", 1)).not.toHaveProperty("Gather");
});
