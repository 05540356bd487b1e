import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { castTensor } from "../../../../../src/base/tensor.js";
import { lang, type TracedFunction } from "../../../../../src/engine/index.js";
import { borrow } from "../../../../../src/engine/lang/borrow.js";
import { PLAIN } from "../../../../../src/engine/lowering/optimizations.js";
import { type JaxArray, type Traced, vmap } from "../../../../../src/engine/tracing/jax.js";
import {
  anyWideConvolution,
  type GeneralConvolution,
  generalAxis,
  generalConvolution,
  generalOperands,
  skipUntraceable,
  unstrided,
  WINOGRAD_TOLERANCE,
  wideConvolution,
  wideOperands,
} from "../../../../support/engine/convolutions.js";
import {
  agrees,
  compiled,
  eager,
  expectClose,
  oracle,
  tensor,
  withGradients,
} from "../../../../support/engine/programs.js";

const L = lang;
oracle("wasm");

const anyConvolution: fc.Arbitrary<GeneralConvolution> = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  groups: fc.integer({ min: 1, max: 3 }),
  inputs: fc.integer({ min: 1, max: 3 }),
  outputs: fc.integer({ min: 1, max: 3 }),
  axes: fc.array(generalAxis, { minLength: 1, maxLength: 3 }),
});

describe("Convolutions of every geometry agree with jax-js's kernels", () => {
  it.each(["float64", "float32"] as const)("in %s, with both gradients", async (dtype) => {
    await fc.assert(
      fc.asyncProperty(anyConvolution, async (c) => {
        const inputs = generalOperands(c, dtype);
        const fn = withGradients(generalConvolution(c), inputs);
        skipUntraceable(fn, inputs);
        await agrees(fn, ...inputs);
      }),
      { numRuns: 60 },
    );
  });

  it("in second derivatives, with strides and groups", async () => {
    await fc.assert(
      fc.asyncProperty(anyConvolution, async (c) => {
        const f = generalConvolution(c);
        const gradient: TracedFunction = (a, b) =>
          L.valueAndGrad((p, q) => ({ value: L.sum(L.square(f(p, q))), aux: [] }), [a, b]).grads;
        const hessianVector: TracedFunction = (a, b) => L.jvp(gradient, [a, b], [a, b]).tangent;
        const inputs = generalOperands(c, "float64");
        skipUntraceable(hessianVector, inputs);
        await agrees(hessianVector, ...inputs);
      }),
      { numRuns: 25 },
    );
  });
});

describe("Convolutions of many channels agree with jax-js's kernels and with the plain lowerings", () => {
  it.each(["float32", "float64"] as const)("in %s, with both gradients", async (dtype) => {
    await fc.assert(
      fc.asyncProperty(anyWideConvolution, async (c) => {
        const inputs = wideOperands(c, dtype);
        const fn = withGradients(wideConvolution(c), inputs);
        skipUntraceable(fn, inputs);
        const fast = await compiled(fn, inputs);
        expectClose(fast, eager(fn, inputs), WINOGRAD_TOLERANCE);
        expectClose(fast, await compiled(fn, inputs, { optimizations: PLAIN }), WINOGRAD_TOLERANCE);
        const portable = await compiled(fn, inputs, { optimizations: { contrib: false } });
        expectClose(portable, fast, WINOGRAD_TOLERANCE);
      }),
      { numRuns: 25 },
    );
  });

  it("in second derivatives", async () => {
    await fc.assert(
      fc.asyncProperty(anyWideConvolution, async (c) => {
        const f = wideConvolution(c);
        const gradient: TracedFunction = (a, b) =>
          L.valueAndGrad((p, q) => ({ value: L.mean(L.square(f(p, q))), aux: [] }), [a, b]).grads;
        const hessianVector: TracedFunction = (a, b) => L.jvp(gradient, [a, b], [a, b]).tangent;
        const inputs = wideOperands(c, "float32");
        skipUntraceable(hessianVector, inputs);
        expectClose(await compiled(hessianVector, inputs), eager(hessianVector, inputs), WINOGRAD_TOLERANCE);
      }),
      { numRuns: 10 },
    );
  });
});

describe("A vmapped convolution agrees with jax-js's kernels", () => {
  const mapped = (axes: (number | null)[]) => (x: Traced, w: Traced) =>
    vmap((a: JaxArray, b: JaxArray) => borrow(L.conv(a, b, unstrided(1))), axes as never)(
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
    it.each(cases)(`in ${dtype}, mapped over %s`, async (_, axes, xs, ws) => {
      const inputs = [tensor(xs, dtype), tensor(ws, dtype, 2)];
      await agrees(withGradients(mapped([...axes]), inputs), ...inputs);
    });
});

describe("In a smooth network, float32 differs from float64 by rounding only", () => {
  const layers = [
    { kernel: [32, 3, 3, 3], stride: 1 },
    { kernel: [32, 32, 3, 3], stride: 1 },
    { kernel: [64, 32, 3, 3], stride: 2 },
    { kernel: [64, 64, 3, 3], stride: 1 },
  ];
  const axes = [0, 2, 3];
  const normalized = (x: lang.Traced) => {
    const centred = L.sub(x, L.mean(x, axes, { keepdims: true }));
    return L.div(centred, L.sqrt(L.add(L.mean(L.square(centred), axes, { keepdims: true }), 1e-5)));
  };
  const loss = (x: lang.Traced, kernels: readonly lang.Traced[]) => {
    const top = layers.reduce((h, { stride }, i) => {
      const y = L.conv(h, kernels[i], { ...unstrided(1), strides: [stride, stride] });
      const z = normalized(y);
      return L.div(z, L.add(L.square(z), 1));
    }, x);
    return L.mean(L.square(L.sub(L.mean(top, [2, 3]), 0.3)));
  };
  const gradient: TracedFunction = (x, ...kernels) =>
    L.valueAndGrad((...w) => ({ value: loss(x, w), aux: [] }), kernels).grads;
  const hessianVector: TracedFunction = (x, ...kernels) =>
    L.jvp((...w) => gradient(x, ...w), kernels, kernels.map(L.square)).tangent;

  it.each([
    ["gradient", gradient],
    ["Hessian-vector product", hessianVector],
  ] as const)("in the %s", async (_, fn) => {
    const exact = [
      tensor([16, 3, 16, 16]),
      ...layers.map(({ kernel }, i) => tensor(kernel, "float64", i + 2)),
    ].map((t) => castTensor(castTensor(t, "float32"), "float64"));
    const expected = await compiled(fn, exact);
    const actual = await compiled(
      fn,
      exact.map((t) => castTensor(t, "float32")),
    );
    actual.forEach(({ data }, i) => {
      let [difference, norm] = [0, 0];
      const reference = expected[i].data;
      reference.forEach((value, k) => {
        difference += (data[k] - value) ** 2;
        norm += value ** 2;
      });
      expect(Math.sqrt(difference / norm)).toBeLessThan(2e-5);
    });
  });
});
