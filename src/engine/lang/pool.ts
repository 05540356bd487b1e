import { lax, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow } from "./borrow.js";
import { dtypeOf, full } from "./core.js";
import { concat, pad } from "./shape.js";

/** Geometry of a pooling window over the trailing spatial axes of [N, C, …]. */
export interface PoolOptions {
  /** Size of the window along each spatial axis. */
  readonly window: readonly number[];
  /** Distance between neighbouring windows along each spatial axis. */
  readonly strides: readonly number[];
  /** Elements added before and after each spatial axis. */
  readonly padding: readonly (readonly [number, number])[];
}

/** Largest element of every window of x [N, C, …]. Padding is −∞ and never the largest. */
export function maxPool(x: Traced, { window, strides, padding }: PoolOptions): Traced {
  let padded = x;
  padding.forEach((width, i) => {
    padded = padWith(padded, i + x.ndim - window.length, width, Number.NEGATIVE_INFINITY);
  });
  return lax.reduceWindow(borrow(padded), (w) => np.max(w), [...window], [...strides]);
}

/** Sum of every window of x [N, C, …]. Padding counts as zeros. */
export function sumPool(x: Traced, { window, strides, padding }: PoolOptions): Traced {
  const lead = x.ndim - window.length;
  const padded = pad(x, [...Array.from({ length: lead }, () => [0, 0] as const), ...padding]);
  return lax.reduceWindow(borrow(padded), (w) => np.sum(w), [...window], [...strides]);
}

/**
 * x with copies of `value` before and after one axis.
 *
 * @param widths - How many copies to add before and after, neither negative.
 */
export function padWith(
  x: Traced,
  axis: number,
  [before, after]: readonly [number, number],
  value: number,
): Traced {
  const part = (size: number) => full(x.shape.toSpliced(axis, 1, size), value, dtypeOf(x));
  const parts = [...(before > 0 ? [part(before)] : []), x, ...(after > 0 ? [part(after)] : [])];
  return parts.length === 1 ? x : concat(parts, axis);
}
