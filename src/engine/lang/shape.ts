import { type JaxArray, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow, checkTraced } from "./borrow.js";

/** The elements of x, in C order, in another shape with as many elements. */
export const reshape = (x: Traced, shape: readonly number[]): Traced => borrow(x).reshape([...shape]);

/** x with its axes permuted: axis i of the result is axis `perm[i]` of x. */
export const transpose = (x: Traced, perm: readonly number[]): Traced => borrow(x).transpose([...perm]);

/** x repeated to `shape` by NumPy's rules of broadcasting. */
export const broadcastTo = (x: Traced, shape: readonly number[]): Traced =>
  np.broadcastTo(borrow(x), [...shape]);

/** The values one after another along `axis`. Their other axes have equal sizes. */
export function concat(xs: readonly Traced[], axis: number): Traced {
  return np.concatenate(xs.map(borrow), axis);
}

/** x reversed along `axes`. */
export const flip = (x: Traced, axes: readonly number[]): Traced => np.flip(borrow(x), [...axes]);

/** Elements `start ≤ i < stop` of every axis of x; `ranges` has one pair for each axis. */
export function slice(x: Traced, ranges: readonly (readonly [start: number, stop: number])[]): Traced {
  return borrow(x).slice(...ranges.map(([a, b]) => [a, b] as [number, number]));
}

/** Every `step`-th element of x along `axis`, beginning with the first. */
export function every(x: Traced, axis: number, step: number): Traced {
  if (step === 1) return x;
  const size = x.shape[axis];
  const count = Math.ceil(size / step);
  // A reshape and a slice instead of a gather: their adjoint is a pad instead of a scatter.
  const padded = pad(
    x,
    x.shape.map((_, i) => [0, i === axis ? count * step - size : 0] as const),
  );
  const rows = reshape(padded, x.shape.toSpliced(axis, 1, count, step));
  const first = slice(
    rows,
    rows.shape.map((n, i) => [0, i === axis + 1 ? 1 : n] as const),
  );
  return reshape(first, x.shape.toSpliced(axis, 1, count));
}

/**
 * x with zeros before and after each axis; `widths` has one pair for each axis, no number negative.
 */
export function pad(x: Traced, widths: readonly (readonly [before: number, after: number])[]): Traced {
  return np.pad(
    borrow(x),
    widths.map(([a, b]) => [a, b] as [number, number]),
  );
}

/**
 * Elements of x at `indices` along `axis`, one for each position of the other axes, as NumPy's
 * take_along_axis.
 */
export const takeAlong = (x: Traced, indices: Traced, axis: number): Traced =>
  np.takeAlongAxis(borrow(x), borrow(indices), axis);

/**
 * Elements of x at `indices` along `axis`, as NumPy's take: the shape of `indices` replaces the
 * axis.
 */
export function take(x: Traced, indices: Traced, axis: number): Traced {
  const index: (JaxArray | [])[] = checkTraced(x).shape.map(() => []);
  index[axis] = borrow(indices);
  return borrow(x).slice(...index);
}
