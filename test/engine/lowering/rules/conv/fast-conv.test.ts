import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { castTensor, sizeOf, type Tensor } from "../../../../../src/base/tensor.js";
import { lang, lower, type TracedFunction } from "../../../../../src/engine/index.js";
import { borrow } from "../../../../../src/engine/lang/borrow.js";
import { optimize } from "../../../../../src/engine/lowering/lower.js";
import { OPTIMIZED, PLAIN } from "../../../../../src/engine/lowering/optimizations.js";
import { lax, type Traced } from "../../../../../src/engine/tracing/jax.js";
import { trace } from "../../../../../src/engine/tracing/trace.js";
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

/** Winograd's transforms add and subtract before they multiply: a few more digits are lost than by plain sums. */
const TOLERANCE = { float32: 2e-5, float64: 1e-12, int32: 0, uint32: 0, bool: 0 };

interface Case {
  readonly batch: number;
  readonly channels: readonly [number, number];
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: number;
  readonly padding: readonly (readonly [number, number])[];
  readonly dilations: readonly number[];
}

const small = fc.integer({ min: 1, max: 3 });
const border = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }));
const channels = fc.integer({ min: 15, max: 19 });
/** From many channels, to many or few. */
const wide = fc.tuple(
  channels,
  fc.oneof({ arbitrary: channels, weight: 2 }, { arbitrary: small, weight: 1 }),
);
const batch = fc.oneof(fc.integer({ min: 2, max: 9 }), fc.constantFrom(16, 17));
const stride = fc.oneof(fc.constant(1), fc.constant(1), fc.constant(2));
const fits = ({ size, kernel, padding, dilations }: Case) =>
  size.every((n, i) => n + padding[i][0] + padding[i][1] > (kernel[i] - 1) * dilations[i]);
const plane: fc.Arbitrary<Case> = fc
  .integer({ min: 3, max: 9 })
  .chain((most) => {
    const side = fc.integer({ min: 3, max: most });
    return fc.record({
      ...{ batch, stride, channels: wide, size: fc.tuple(side, side) },
      kernel: fc.oneof(fc.constant([3, 3]), fc.tuple(small, small)),
      padding: fc.tuple(border, border),
      dilations: fc.oneof(fc.constant([1, 1]), fc.tuple(small, small)),
    });
  })
  .filter(fits);
/** One axis, or three. */
const other: fc.Arbitrary<Case> = fc
  .constantFrom(1, 3)
  .chain((dims) => {
    const each = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: dims, maxLength: dims });
    return fc.record({
      ...{ batch, stride, channels: wide, padding: each(border) },
      size: each(fc.integer({ min: 2, max: dims === 1 ? 12 : 4 })),
      kernel: each(small),
      dilations: each(fc.integer({ min: 1, max: 2 })),
    });
  })
  .filter(fits);
const cases = fc.oneof({ arbitrary: plane, weight: 3 }, { arbitrary: other, weight: 1 });

const conv =
  ({ stride, padding, dilations }: Case) =>
  (x: lang.Traced, w: lang.Traced) =>
    L.conv(x, w, { strides: padding.map(() => stride), padding, dilations, groups: 1 });

const operands = (c: Case, dtype: "float32" | "float64"): Tensor[] => [
  tensor([c.batch, c.channels[0], ...c.size], dtype, 1),
  tensor([c.channels[1], c.channels[0], ...c.kernel], dtype, 2),
];

/** jax-js cannot trace some gradients where a convolution crops or pads beyond its kernel; those are no test of ours. */
function traceable(fn: TracedFunction, inputs: readonly Tensor[]): void {
  try {
    lower(fn, inputs);
  } catch (error) {
    fc.pre(!String(error).includes("is too negative"));
  }
}

describe("fast convolutions agree with jax-js's own kernels and with the plain rules", () => {
  it.each(["float32", "float64"] as const)("%s, with both gradients", async (dtype) => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const inputs = operands(c, dtype);
        const fn = withGradients(conv(c), inputs);
        traceable(fn, inputs);
        const fast = await compiled(fn, inputs);
        expectClose(fast, eager(fn, inputs), TOLERANCE);
        expectClose(fast, await compiled(fn, inputs, { optimizations: PLAIN }), TOLERANCE);
        const portable = await compiled(fn, inputs, { optimizations: { contrib: false } });
        expectClose(portable, fast, TOLERANCE);
      }),
      { numRuns: 25 },
    );
  });

  it.each([16, 129])(
    "from 16 channels to %s, of which the kernel's gradient takes few otherwise than many",
    async (to) => {
      const c: Case = {
        ...{ batch: 5, channels: [16, to], size: [7, 8], kernel: [3, 3], stride: 1, dilations: [1, 1] },
        padding: [
          [1, 1],
          [0, 2],
        ],
      };
      const inputs = operands(c, "float32");
      const fn = withGradients(conv(c), inputs);
      expectClose(await compiled(fn, inputs), eager(fn, inputs), TOLERANCE);
    },
  );

  it("second derivatives", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const gradient: TracedFunction = (a, b) =>
          L.valueAndGrad((p, q) => ({ value: L.mean(L.square(conv(c)(p, q))), aux: [] }), [a, b]).grads;
        const hessianVector: TracedFunction = (a, b) => L.jvp(gradient, [a, b], [a, b]).tangent;
        const inputs = operands(c, "float32");
        traceable(hessianVector, inputs);
        expectClose(await compiled(hessianVector, inputs), eager(hessianVector, inputs), TOLERANCE);
      }),
      { numRuns: 10 },
    );
  });
});

describe("transposed convolutions", () => {
  const upwards =
    (stride: number, padding: Case["padding"]) =>
    (x: lang.Traced, w: lang.Traced): lang.Traced => {
      const settings = { strides: [stride, stride], padding, dilations: [1, 1], groups: 1 };
      return L.convTranspose(x, w, settings, [0, 0]);
    };

  it("agree with jax-js's own kernels, with both gradients", async () => {
    const upward = fc.record({
      ...{ batch, channels: wide, size: fc.tuple(small, small) },
      kernel: fc.integer({ min: 2, max: 4 }),
      stride: fc.integer({ min: 2, max: 3 }),
      padding: fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 })),
    });
    await fc.assert(
      fc.asyncProperty(upward, async ({ batch, channels: [from, to], size, kernel, stride, padding }) => {
        fc.pre(Math.min(...size) * stride + kernel > padding[0] + padding[1] + stride);
        const inputs = [
          tensor([batch, from, ...size], "float32", 1),
          tensor([from, to, kernel, kernel], "float32", 2),
        ];
        const fn = withGradients(upwards(stride, [padding, padding]), inputs);
        traceable(fn, inputs);
        expectClose(await compiled(fn, inputs), eager(fn, inputs), TOLERANCE);
      }),
      { numRuns: 25 },
    );
  });

  it("never multiply the gaps between pixels", () => {
    const [samples, pixels, from, to, taps] = [16, 8 * 8, 32, 16, 4 * 4];
    const specs = [
      { shape: [samples, from, 8, 8], dtype: "float32" as const },
      { shape: [from, to, 4, 4], dtype: "float32" as const },
    ];
    const gradient: TracedFunction = (x, w) =>
      L.valueAndGrad(
        (a, b) => ({
          value: L.sum(
            L.square(
              upwards(2, [
                [1, 1],
                [1, 1],
              ])(a, b),
            ),
          ),
          aux: [],
        }),
        [x, w],
      ).grads;
    const graph = optimize(trace(gradient, specs), OPTIMIZED);
    const products = graph.nodes
      .filter(({ op }) => /MatMul|Gemm/.test(op))
      .map(({ op, inputs: [a], outputs: [y], attributes }) => {
        expect(op === "FusedMatMul" || a.shape.length === 2, op).toBe(true);
        return sizeOf(y.shape) * a.shape.at(attributes.transA ? -2 : -1)!;
      });
    // Once forward, once for each gradient.
    expect(products.reduce((a, b) => a + b)).toBe(3 * samples * pixels * from * to * taps);
  });
});

describe("images with gaps, as backward passes convolve them", () => {
  it.each([
    ["strides", { stride: 2, dilation: 1, spread: 3 }],
    ["a dilated kernel", { stride: 1, dilation: 2, spread: 3 }],
    ["a dilated kernel that meets some gaps only", { stride: 1, dilation: 2, spread: 2 }],
    ["all of it", { stride: 3, dilation: 2, spread: 2 }],
  ])("with %s", async (_, { stride, dilation, spread }) => {
    const inputs = [tensor([2, 17, 4, 5], "float32", 1), tensor([18, 17, 3, 2], "float32", 2)];
    const fn = withGradients(
      (x, w) =>
        lax.convGeneralDilated(
          borrow(x),
          borrow(w),
          [stride, stride],
          [
            [2, 3],
            [1, 2],
          ],
          { lhsDilation: [spread, spread], rhsDilation: [dilation, dilation] },
        ) as Traced,
      inputs,
    );
    expectClose(await compiled(fn, inputs), eager(fn, inputs), TOLERANCE);
  });
});

it("large ones are gathered and multiplied in bands, ragged ones too, with both gradients", async () => {
  const strided = (x: lang.Traced, w: lang.Traced) => {
    const padding = [[1, 1] as const, [0, 2] as const];
    return L.conv(x, w, { strides: [2, 2], padding, dilations: [1, 1], groups: 1 });
  };
  const inputs = [tensor([17, 18, 59, 61], "float32", 1), tensor([16, 18, 3, 3], "float32", 2)];
  const fn = withGradients(strided, inputs);
  const { nodes } = optimize(trace(fn, inputs), OPTIMIZED);
  // Windows for the result, in each of four phases of the image's gradient, and for the kernel's gradient.
  expect(nodes.filter(({ op }) => op === "Gather").length).toBeGreaterThan(9);
  const fast = await compiled(fn, inputs);
  expectClose(fast, await compiled(fn, inputs, { optimizations: PLAIN }), TOLERANCE);
  // Twice through a transpose, so that the kernel's gradient finds the cotangent stored by channels.
  const turned = withGradients((x, w) => L.transpose(strided(x, w), [1, 2, 3, 0]), inputs);
  expectClose(
    await compiled(turned, inputs),
    await compiled(turned, inputs, { optimizations: PLAIN }),
    TOLERANCE,
  );
});

it("convolutions to few channels gather products, not windows", () => {
  const [samples, from, to, size] = [16, 32, 3, 8];
  const specs = [
    { shape: [samples, from, size, size], dtype: "float32" as const },
    { shape: [to, from, 3, 3], dtype: "float32" as const },
  ];
  const same = { strides: [1, 1], padding: [[1, 1] as const, [1, 1] as const], dilations: [1, 1], groups: 1 };
  const graph = optimize(
    trace((x, w) => [L.conv(x, w, same)], specs),
    OPTIMIZED,
  );
  const gathered = graph.nodes.flatMap(({ op, outputs }) =>
    op === "Gather" ? [sizeOf(outputs[0].shape)] : [],
  );
  expect(gathered).toEqual([9 * to * size * size * samples]);
  // In the kernel's gradient, a convolution to few channels as well, every pixel would meet every other.
  const gradient: TracedFunction = (x, w) =>
    L.valueAndGrad((a) => ({ value: L.sum(L.square(L.conv(x, a, same))), aux: [] }), [w]).grads;
  const largest = optimize(trace(gradient, specs), OPTIMIZED).nodes.map(({ outputs }) =>
    sizeOf(outputs[0].shape),
  );
  expect(Math.max(...largest)).toBeLessThan(10 * from * size * size * samples);
});

describe("a network without kinks, where float32 differs from float64 by rounding only", () => {
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
      const padding = [[1, 1] as const, [1, 1] as const];
      const y = L.conv(h, kernels[i], { strides: [stride, stride], padding, dilations: [1, 1], groups: 1 });
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
  ] as const)("%s", async (_, fn) => {
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

describe("kernels larger than their images stay where they are", () => {
  const deep: fc.Arbitrary<Case> = fc.record({
    batch: fc.integer({ min: 1, max: 2 }),
    channels: fc.tuple(fc.integer({ min: 64, max: 70 }), fc.integer({ min: 64, max: 70 })),
    size: fc.tuple(small, small),
    kernel: fc.tuple(small, small).filter(([a, b]) => a * b > 1),
    stride: fc.integer({ min: 1, max: 2 }),
    padding: fc.tuple(border, border),
    dilations: fc.constant([1, 1]),
  });

  it("with both gradients, reversed as well", async () => {
    await fc.assert(
      fc.asyncProperty(deep.filter(fits), fc.boolean(), async (c, reversed) => {
        const inputs = operands(c, "float32");
        const fn = withGradients((x, w) => conv(c)(x, reversed ? L.flip(w, [2, 3]) : w), inputs);
        traceable(fn, inputs);
        expectClose(await compiled(fn, inputs), eager(fn, inputs), TOLERANCE);
      }),
      { numRuns: 20 },
    );
  });

  it("no tensor of the kernel's size is transposed", () => {
    const same = (border: number) => {
      const padding = [[border, border] as const, [border, border] as const];
      return { strides: [1, 1], padding, dilations: [1, 1], groups: 1 };
    };
    // A 1×1 convolution first, so that the image comes channels last as it does within a network.
    const network = (x: lang.Traced, u: lang.Traced, w: lang.Traced) =>
      L.sum(L.square(L.conv(L.conv(x, u, same(0)), w, same(1))));
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

describe("which way a convolution goes", () => {
  const gradientOf = (border: number): TracedFunction => {
    const padding = [[border, border] as const, [border, border] as const];
    const geometry = { strides: [1, 1], padding, dilations: [1, 1], groups: 1 };
    return (x, w) =>
      L.valueAndGrad((a, b) => ({ value: L.sum(L.square(L.conv(a, b, geometry))), aux: [] }), [x, w]).grads;
  };
  const operators = (channels: number, dtype: "float32" | "float64", kernel = 3) =>
    Object.fromEntries(
      lower(gradientOf(kernel >> 1), [
        { shape: [8, channels, 8, 8], dtype },
        { shape: [32, channels, kernel, kernel], dtype },
      ]).operators,
    );

  it("Winograd can be kept to the backward pass: the forward pass is then that of direct convolutions, bit for bit", async () => {
    const geometry = {
      strides: [1, 1],
      padding: [[1, 1] as const, [1, 1] as const],
      dilations: [1, 1],
      groups: 1,
    };
    const through = (x: lang.Traced, w: lang.Traced) => L.conv(L.conv(x, w, geometry), w, geometry);
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
    const backwards = await run({ winograd: false });
    expect(backwards[0].data).toEqual(direct[0].data);
    for (const i of [1, 2]) expect(backwards[i].data).not.toEqual(direct[i].data);
    expectClose(backwards, direct, TOLERANCE);
    const forwards = await run({ winogradGradients: false });
    expect(forwards[0].data).not.toEqual(direct[0].data);
  });

  it("Winograd: transforms of input, kernel, cotangent (twice) and kernel gradient; no reversed kernel", () => {
    const graph = operators(16, "float32");
    // Input transforms of x (twice: it is not kept) and of the cotangent, the cotangent's tiles, the kernel, two results, the kernel's gradient,
    // two products with the kernel and that of the kernel's gradient, which reads nothing transposed.
    expect(graph.MatMul).toBe(12);
    expect(graph).not.toHaveProperty("FusedMatMul");
    expect(graph).not.toHaveProperty("Slice");
    expect(graph).not.toHaveProperty("Conv");
  });
  it("Winograd, too, where it is dilated", () => {
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
    // Transforms of input, kernel and result, and the product between.
    expect(lower(dilated, specs).operators.get("MatMul")).toBe(4);
  });
  it("float64 and few channels: matrix products over rows", () => {
    expect(operators(16, "float64")).not.toHaveProperty("FusedMatMul");
    expect(operators(3, "float32")).not.toHaveProperty("FusedMatMul");
  });
  it("1×1 kernels gather nothing", () => {
    expect(operators(16, "float32", 1)).not.toHaveProperty("Gather");
  });
  it.each([
    [1, 1],
    [3, 2],
  ])(
    "large images are worked on in bands, which add up to the whole: dilations %d and %d",
    async (...dilations) => {
      const wide: Case = {
        ...{ batch: 2, channels: [64, 16], size: [181, 67], kernel: [3, 3], stride: 1, dilations },
        padding: [
          [1, 0],
          [1, 1],
        ],
      };
      const inputs = operands(wide, "float32");
      const fn = withGradients(conv(wide), inputs);
      expect(lower(fn, inputs).operators.get("Concat")).toBeGreaterThan(0);
      const plain = await compiled(fn, inputs, { optimizations: PLAIN });
      expectClose(await compiled(fn, inputs), plain, TOLERANCE);
    },
  );
  it("a pool of an image stored channels last moves no image", () => {
    const window = { window: [2, 2], strides: [2, 2] };
    const pooled: TracedFunction = (x, u) => {
      const image = L.conv(x, u, {
        strides: [1, 1],
        padding: [
          [0, 0],
          [0, 0],
        ],
        dilations: [1, 1],
        groups: 1,
      });
      return [
        L.sum(
          L.maxPool(image, {
            ...window,
            padding: [
              [0, 0],
              [0, 0],
            ],
          }),
          [0, 2, 3],
        ),
      ];
    };
    const { operators } = lower(pooled, [
      { shape: [4, 16, 8, 8], dtype: "float32" },
      { shape: [32, 16, 1, 1], dtype: "float32" },
    ]);
    // The one that brings the input into this order; it is moved in two steps.
    expect(operators.get("Transpose") ?? 0).toBeLessThanOrEqual(2);
    expect(operators.has("MaxPool")).toBe(false);
  });
});
