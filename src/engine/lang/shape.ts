import { numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow } from "./borrow.js";

export const reshape = (x: Traced, shape: readonly number[]): Traced =>
  borrow(x).reshape([...shape]) as Traced;

export const transpose = (x: Traced, perm: readonly number[]): Traced =>
  borrow(x).transpose([...perm]) as Traced;

/** NumPy broadcasting of `x` to `shape`. */
export const broadcastTo = (x: Traced, shape: readonly number[]): Traced =>
  np.broadcastTo(borrow(x), [...shape]) as Traced;

export function concat(xs: readonly Traced[], axis: number): Traced {
  return np.concatenate(xs.map(borrow), axis) as Traced;
}

export const flip = (x: Traced, axes: readonly number[]): Traced => np.flip(borrow(x), [...axes]) as Traced;

/** Elements `start ≤ i < stop` of every axis; one pair per axis. */
export function slice(x: Traced, ranges: readonly (readonly [start: number, stop: number])[]): Traced {
  return borrow(x).slice(...ranges.map(([a, b]) => [a, b] as [number, number])) as Traced;
}

/** Every `step`-th element along `axis`, from the first on. */
export function every(x: Traced, axis: number, step: number): Traced {
  if (step === 1) return x;
  const size = x.shape[axis];
  const count = Math.ceil(size / step);
  // Reshape and slice, not a gather: the adjoint is then a pad instead of a scatter.
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

/** Zeros before and after each axis; one pair per axis, none negative. */
export function pad(x: Traced, widths: readonly (readonly [before: number, after: number])[]): Traced {
  return np.pad(
    borrow(x),
    widths.map(([a, b]) => [a, b] as [number, number]),
  ) as Traced;
}

/** `x` at whole-number `indices` along `axis`, one for each place of the other axes, as NumPy's take_along_axis. */
export const takeAlong = (x: Traced, indices: Traced, axis: number): Traced =>
  np.takeAlongAxis(borrow(x), borrow(indices), axis) as Traced;

/** `x` at whole-number `indices` (any shape, within bounds) along `axis`, as NumPy's take. */
export function take(x: Traced, indices: Traced, axis: number): Traced {
  const index: (Traced | [])[] = x.shape.map(() => []);
  index[axis] = borrow(indices);
  return borrow(x).slice(...(index as never[])) as Traced;
}
