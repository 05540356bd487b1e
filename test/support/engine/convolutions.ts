import fc from "fast-check";
import type { DType, Tensor } from "../../../src/base/tensor.js";
import { lang, lower, type TracedFunction } from "../../../src/engine/index.js";
import { borrow } from "../../../src/engine/lang/borrow.js";
import { lax, type Traced } from "../../../src/engine/tracing/jax.js";
import { tensor } from "./programs.js";

/**
 * Winograd adds and subtracts before it multiplies, which loses a few more digits than plain sums.
 */
export const WINOGRAD_TOLERANCE = { float32: 2e-5, float64: 1e-12, int32: 0, uint32: 0, bool: 0 };

/** Options of a 3×3 or 1×1 convolution on two axes with the same padding at every edge. */
export const unstrided = (border: number) => ({
  strides: [1, 1],
  padding: [[border, border] as const, [border, border] as const],
  dilations: [1, 1],
  groups: 1,
});

/** One spatial axis of a general dilated convolution, as jax-js takes it. */
interface GeneralAxis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
  readonly after: number;
  readonly spread: number;
  readonly dilation: number;
}

/** Any axis that leaves at least one position. Negative padding crops. */
export const generalAxis: fc.Arbitrary<GeneralAxis> = fc
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

/** A general dilated convolution: samples, groups, and channels per group. */
export interface GeneralConvolution {
  readonly batch: number;
  readonly groups: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly axes: readonly GeneralAxis[];
}

export const generalConvolution =
  (c: Pick<GeneralConvolution, "groups" | "axes">) => (x: Traced, w: Traced) =>
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

/** An image and a kernel for the general convolution. */
export const generalOperands = (c: GeneralConvolution, dtype: DType): Tensor[] => [
  tensor([c.batch, c.groups * c.inputs, ...c.axes.map((a) => a.size)], dtype, 1),
  tensor([c.groups * c.outputs, c.inputs, ...c.axes.map((a) => a.kernel)], dtype, 2),
];

/** A convolution with enough channels for the fast lowerings. */
export interface WideConvolution {
  readonly batch: number;
  /** Input channels, output channels. */
  readonly channels: readonly [number, number];
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: number;
  readonly padding: readonly (readonly [number, number])[];
  readonly dilations: readonly number[];
}

export const small = fc.integer({ min: 1, max: 3 });
export const border = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }));
const manyChannels = fc.integer({ min: 15, max: 19 });
/** From many channels to many or few. The fast lowerings begin at 16 channels. */
export const wideChannels = fc.tuple(
  manyChannels,
  fc.oneof({ arbitrary: manyChannels, weight: 2 }, { arbitrary: small, weight: 1 }),
);
export const wideBatch = fc.oneof(fc.integer({ min: 2, max: 9 }), fc.constantFrom(16, 17));
const stride = fc.oneof(fc.constant(1), fc.constant(1), fc.constant(2));

/** Whether the padded image is as large as the dilated kernel. */
export const fits = ({ size, kernel, padding, dilations }: WideConvolution): boolean =>
  size.every((n, i) => n + padding[i][0] + padding[i][1] > (kernel[i] - 1) * dilations[i]);

const onTwoAxes: fc.Arbitrary<WideConvolution> = fc
  .integer({ min: 3, max: 9 })
  .chain((most) => {
    const side = fc.integer({ min: 3, max: most });
    return fc.record({
      ...{ batch: wideBatch, stride, channels: wideChannels, size: fc.tuple(side, side) },
      kernel: fc.oneof(fc.constant([3, 3]), fc.tuple(small, small)),
      padding: fc.tuple(border, border),
      dilations: fc.oneof(fc.constant([1, 1]), fc.tuple(small, small)),
    });
  })
  .filter(fits);

const onOneOrThreeAxes: fc.Arbitrary<WideConvolution> = fc
  .constantFrom(1, 3)
  .chain((dims) => {
    const each = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: dims, maxLength: dims });
    return fc.record({
      ...{ batch: wideBatch, stride, channels: wideChannels, padding: each(border) },
      size: each(fc.integer({ min: 2, max: dims === 1 ? 12 : 4 })),
      kernel: each(small),
      dilations: each(fc.integer({ min: 1, max: 2 })),
    });
  })
  .filter(fits);

export const anyWideConvolution = fc.oneof(
  { arbitrary: onTwoAxes, weight: 3 },
  { arbitrary: onOneOrThreeAxes, weight: 1 },
);

export const wideConvolution =
  ({ stride, padding, dilations }: WideConvolution) =>
  (x: Traced, w: Traced): Traced =>
    lang.conv(x, w, { strides: padding.map(() => stride), padding, dilations, groups: 1 });

/** An image and a kernel for the wide convolution. */
export const wideOperands = (c: WideConvolution, dtype: "float32" | "float64"): Tensor[] => [
  tensor([c.batch, c.channels[0], ...c.size], dtype, 1),
  tensor([c.channels[1], c.channels[0], ...c.kernel], dtype, 2),
];

/**
 * Discards a fast-check case that jax-js cannot trace. Some gradients of convolutions that crop, or
 * that pad beyond their kernel, are among them.
 */
export function skipUntraceable(fn: TracedFunction, inputs: readonly Tensor[]): void {
  try {
    lower(fn, inputs);
  } catch (error) {
    fc.pre(!String(error).includes("is too negative"));
    throw error;
  }
}

/** How many nodes of each operator both gradients of a convolution to 32 channels have. */
export function gradientOperators(
  channels: number,
  dtype: "float32" | "float64",
  kernel = 3,
): Record<string, number> {
  const options = unstrided(kernel >> 1);
  const gradient: TracedFunction = (x, w) =>
    lang.valueAndGrad((a, b) => ({ value: lang.sum(lang.square(lang.conv(a, b, options))), aux: [] }), [x, w])
      .grads;
  const { operators } = lower(gradient, [
    { shape: [8, channels, 8, 8], dtype },
    { shape: [32, channels, kernel, kernel], dtype },
  ]);
  return Object.fromEntries(operators);
}
