import { add, div, mean, mul, reshape, sqrt, square, sub, type Traced } from "../../engine/lang/index.js";

/** Mean and biased variance over some axes, which keep size 1: both broadcast against x. */
export interface Moments {
  readonly mean: Traced;
  readonly variance: Traced;
}

/** Mean and biased variance of x over `axes`. */
export function moments(x: Traced, axes: readonly number[]): Moments {
  const mu = mean(x, axes, { keepdims: true });
  // mean((x − μ)²), not mean(x²) − μ²: the difference cancels if the mean is large.
  return { mean: mu, variance: mean(square(sub(x, mu)), axes, { keepdims: true }) };
}

/** (x − μ)/√(v + ε). */
export const standardizeBy = (x: Traced, { mean, variance }: Moments, epsilon: number): Traced =>
  div(sub(x, mean), sqrt(add(variance, epsilon)));

/** x/√(mean(x²) + ε), with the mean over `axes`. */
export const divideByRootMeanSquare = (x: Traced, axes: readonly number[], epsilon: number): Traced =>
  div(x, sqrt(add(mean(square(x), axes, { keepdims: true }), epsilon)));

/** All axes of x but the channel axis 1. */
export const batchAxes = (x: Traced): number[] => axesFrom(x, 0).filter((axis) => axis !== 1);

/** All axes of x from `first` to the last. */
export const axesFrom = (x: Traced, first: number): number[] =>
  x.shape.map((_, axis) => axis).filter((axis) => axis >= first);

/** Reshapes C values, one per channel, so that they broadcast against x, [N, C, …]. */
export const perChannel = (values: Traced, x: Traced): Traced =>
  reshape(values, [x.shape[1], ...x.shape.slice(2).map(() => 1)]);

/** The unbiased estimate v·n/(n − 1) of a biased variance v of n elements. */
export const unbiased = (variance: Traced, elements: number): Traced =>
  mul(variance, elements / (elements - 1));
