import { lax } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow } from "./borrow.js";
import { dtypeOf, full } from "./core.js";
import { firstMax, sum } from "./reduce.js";
import { concat, every } from "./shape.js";

/** Geometry of a pooling window over the trailing spatial axes of [N, C, …]. */
export interface PoolOptions {
  /** Size of the window along each spatial axis. */
  readonly window: readonly number[];
  /** Distance between neighbouring windows along each spatial axis. */
  readonly strides: readonly number[];
  /** Elements added before and after each spatial axis. */
  readonly padding: readonly (readonly [number, number])[];
  /** Distance between neighbouring elements of the window along each spatial axis. Default 1. */
  readonly dilations?: readonly number[];
}

/**
 * Largest element of every window of x [N, C, …]. Padding is −∞ and never the largest. Of tied
 * elements, the first of the window in C order gets the whole cotangent, as in PyTorch.
 */
export function maxPool(x: Traced, options: PoolOptions): Traced {
  const windows = windowsOf(x, options, Number.NEGATIVE_INFINITY);
  return firstMax(windows, windowAxes(x, options));
}

/** Sum of every window of x [N, C, …]. Padding counts as zeros. */
export function sumPool(x: Traced, options: PoolOptions): Traced {
  return sum(windowsOf(x, options, 0), windowAxes(x, options));
}

/** Every window of x [N, C, …], of shape [N, C, …positions, …window]. */
function windowsOf(x: Traced, { window, strides, padding, dilations }: PoolOptions, fill: number): Traced {
  const lead = x.ndim - window.length;
  const reach = window.map((size, i) => (size - 1) * (dilations?.[i] ?? 1) + 1);
  const padded = padding.reduce((y, width, i) => padWith(y, lead + i, width, fill), x);
  const windows: Traced = lax.reduceWindow(borrow(padded), (w) => w, reach, [...strides]);
  return (dilations ?? []).reduce((w, step, i) => every(w, x.ndim + i, step), windows);
}

const windowAxes = (x: Traced, { window }: PoolOptions): number[] => window.map((_, i) => x.ndim + i);

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
