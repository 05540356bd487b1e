import { lax, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow } from "./borrow.js";
import { stopGradient } from "./core.js";
import { div, exp, log, mul, sub } from "./elementwise.js";

interface ReduceOptions {
  /** Keep the reduced axes with size 1. */
  readonly keepdims?: boolean;
}

type Axes = readonly number[] | null;

const axesOf = (x: Traced, axes: Axes): number[] =>
  axes === null ? x.shape.map((_, i) => i) : axes.map((a) => (a < 0 ? a + x.ndim : a));

/** Sum over `axes` (null: all). */
export function sum(x: Traced, axes: Axes = null, { keepdims = false }: ReduceOptions = {}): Traced {
  return borrow(x).sum(axesOf(x, axes), { keepdims }) as Traced;
}

/** Mean over `axes` (null: all): the sum times the exact reciprocal of the count. */
export function mean(x: Traced, axes: Axes = null, options: ReduceOptions = {}): Traced {
  const count = axesOf(x, axes).reduce((n, a) => n * x.shape[a], 1);
  return mul(sum(x, axes, options), 1 / count);
}

/** Largest element over `axes`; ties share the cotangent equally. */
export function amax(x: Traced, axes: Axes = null, { keepdims = false }: ReduceOptions = {}): Traced {
  return np.max(borrow(x), axesOf(x, axes), { keepdims }) as Traced;
}

/** Smallest element over `axes`; ties share the cotangent equally. */
export function amin(x: Traced, axes: Axes = null, { keepdims = false }: ReduceOptions = {}): Traced {
  return np.min(borrow(x), axesOf(x, axes), { keepdims }) as Traced;
}

/** Product over `axes`. */
export function prod(x: Traced, axes: Axes = null, { keepdims = false }: ReduceOptions = {}): Traced {
  return borrow(x).prod(axesOf(x, axes), { keepdims }) as Traced;
}

/** Index of the first largest element along `axis`, int32. Has no derivative. */
export function argmax(x: Traced, axis: number, { keepdims = false }: ReduceOptions = {}): Traced {
  return np.argmax(lax.stopGradient(borrow(x)), axis, { keepdims }) as Traced;
}

/** Index of the first smallest element along `axis`, int32. Has no derivative. */
export function argmin(x: Traced, axis: number, { keepdims = false }: ReduceOptions = {}): Traced {
  return np.argmin(lax.stopGradient(borrow(x)), axis, { keepdims }) as Traced;
}

/** Running sum along `axis`, each element included. */
export const cumulativeSum = (x: Traced, axis: number): Traced => np.cumsum(borrow(x), axis) as Traced;

/** x − log Σ e^x along `axis`, shifted by the largest element so that nothing overflows. */
export function logSoftmax(x: Traced, axis: number): Traced {
  const shifted = sub(x, stopMax(x, axis));
  return sub(shifted, log(sum(exp(shifted), [axis], { keepdims: true })));
}

/** e^x / Σ e^x along `axis`. */
export function softmax(x: Traced, axis: number): Traced {
  const e = exp(sub(x, stopMax(x, axis)));
  return div(e, sum(e, [axis], { keepdims: true }));
}

/** The shift cancels in both functions above, so nothing is lost by holding it constant. */
function stopMax(x: Traced, axis: number): Traced {
  return amax(stopGradient(x), [axis], { keepdims: true });
}
