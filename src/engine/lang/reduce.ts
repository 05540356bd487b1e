import { lax, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow, checkTraced } from "./borrow.js";
import { constant, dtypeOf, full, stopGradient } from "./core.js";
import { add, div, equal, exp, log, mul, neg, sub, where } from "./elementwise.js";
import { concat, reshape, slice } from "./shape.js";

/** What a reduction does with the axes that it reduces. */
export interface ReduceOptions {
  /** Whether the result keeps the reduced axes, with size 1. Default false. */
  readonly keepdims?: boolean;
}

/** Axes to reduce; negative numbers count from the last axis. null means all axes. */
export type Axes = readonly number[] | null;

const axesOf = (x: Traced, axes: Axes): number[] =>
  axes === null ? checkTraced(x).shape.map((_, i) => i) : axes.map((a) => (a < 0 ? a + x.ndim : a));

/** Sum over `axes`; over all axes where `axes` is null. */
export function sum(x: Traced, axes: Axes = null, { keepdims = false }: ReduceOptions = {}): Traced {
  return borrow(x).sum(axesOf(x, axes), { keepdims });
}

/** Mean over `axes`, or over all axes: the sum times the reciprocal of the count. */
export function mean(x: Traced, axes: Axes = null, options: ReduceOptions = {}): Traced {
  const count = axesOf(x, axes).reduce((n, a) => n * x.shape[a], 1);
  return mul(sum(x, axes, options), 1 / count);
}

/** Largest element over `axes`, or over all axes. Tied elements share the cotangent equally. */
export function amax(x: Traced, axes: Axes = null, { keepdims = false }: ReduceOptions = {}): Traced {
  return np.max(borrow(x), axesOf(x, axes), { keepdims });
}

/** Smallest element over `axes`, or over all axes. Tied elements share the cotangent equally. */
export function amin(x: Traced, axes: Axes = null, { keepdims = false }: ReduceOptions = {}): Traced {
  return np.min(borrow(x), axesOf(x, axes), { keepdims });
}

/**
 * Largest element over `axes`, or over all axes. Of tied elements, the first in C order gets the
 * whole cotangent.
 */
export function firstMax(x: Traced, axes: Axes = null, { keepdims = false }: ReduceOptions = {}): Traced {
  const reduced = axesOf(x, axes);
  const values = stopGradient(x);
  const top = (of: Traced, kept: boolean) => stopGradient(np.max(borrow(of), reduced, { keepdims: kept }));
  // Each largest element has a rank: the first element the highest, elements that are not the
  // largest have 0.
  const rank = where(equal(values, top(values, true)), descendingRanks(x, reduced), 0);
  const isFirst = equal(rank, top(rank, true));
  // x − x is 0. Its derivative is that of x.
  const change = sum(where(isFirst, sub(x, values), 0), reduced, { keepdims });
  return add(top(values, keepdims), change);
}

/**
 * Smallest element over `axes`, or over all axes. Of tied elements, the first in C order gets the
 * whole cotangent.
 */
export const firstMin = (x: Traced, axes: Axes = null, options: ReduceOptions = {}): Traced =>
  neg(firstMax(neg(x), axes, options));

/** The numbers n, …, 1 for the n elements along `axes`, in C order, with size 1 for other axes. */
function descendingRanks(x: Traced, axes: readonly number[]): Traced {
  const shape = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1));
  const count = shape.reduce((a, b) => a * b, 1);
  const ranks = Array.from({ length: count }, (_, i) => count - i);
  const dtype = dtypeOf(x);
  const data =
    dtype === "float64"
      ? Float64Array.from(ranks)
      : dtype === "float32"
        ? Float32Array.from(ranks)
        : Int32Array.from(ranks);
  return constant(data, shape, dtype);
}

/**
 * Product over `axes`, or over all axes. The derivative for one element is the product of the
 * others, even where some are 0.
 */
export function prod(x: Traced, axes: Axes = null, { keepdims = false }: ReduceOptions = {}): Traced {
  const reduced = axesOf(x, axes);
  const product = reduced.reduce(productAlong, x);
  if (keepdims) return product;
  return reshape(
    product,
    x.shape.filter((_, axis) => !reduced.includes(axis)),
  );
}

/**
 * The product along one axis, which keeps size 1. It multiplies one half by the other until one
 * element is left: the derivative of a product of two factors divides by none of them.
 */
function productAlong(x: Traced, axis: number): Traced {
  const size = x.shape[axis];
  if (size === 0) return full(x.shape.with(axis, 1), 1, dtypeOf(x));
  if (size === 1) return x;
  const part = (start: number, stop: number) =>
    slice(
      x,
      x.shape.map((n, i) => (i === axis ? ([start, stop] as const) : ([0, n] as const))),
    );
  const half = size >> 1;
  const pairs = mul(part(0, half), part(half, 2 * half));
  return productAlong(size === 2 * half ? pairs : concat([pairs, part(2 * half, size)], axis), axis);
}

/** Index of the first largest element along `axis`, of type int32. The result has no derivative. */
export function argmax(x: Traced, axis: number, { keepdims = false }: ReduceOptions = {}): Traced {
  return np.argmax(lax.stopGradient(borrow(x)), axis, { keepdims });
}

/**
 * Index of the first smallest element along `axis`, of type int32. The result has no derivative.
 */
export function argmin(x: Traced, axis: number, { keepdims = false }: ReduceOptions = {}): Traced {
  return np.argmin(lax.stopGradient(borrow(x)), axis, { keepdims });
}

/** Running sum along `axis`: yᵢ = x₀ + … + xᵢ, of the shape of x. */
export const cumulativeSum = (x: Traced, axis: number): Traced => np.cumsum(borrow(x), axis);

/**
 * x − log Σ eˣ with the sum along `axis`, of the shape of x, computed so that nothing overflows.
 */
export function logSoftmax(x: Traced, axis: number): Traced {
  const shifted = sub(x, stopMax(x, axis));
  return sub(shifted, log(sum(exp(shifted), [axis], { keepdims: true })));
}

/** eˣ / Σ eˣ with the sum along `axis`, of the shape of x, computed so that nothing overflows. */
export function softmax(x: Traced, axis: number): Traced {
  const e = exp(sub(x, stopMax(x, axis)));
  return div(e, sum(e, [axis], { keepdims: true }));
}

/**
 * The largest element, as a constant: the shift cancels in softmax and logSoftmax, and so does its
 * derivative.
 */
function stopMax(x: Traced, axis: number): Traced {
  return amax(stopGradient(x), [axis], { keepdims: true });
}
