import { add, div, mean, mul, reshape, sqrt, square, sub, type Traced } from "../../engine/lang/index.js";

/** Mean and biased variance over `axes`, kept with size 1 so that they broadcast against x. */
export interface Moments {
  readonly mean: Traced;
  readonly variance: Traced;
}

export function moments(x: Traced, axes: readonly number[]): Moments {
  const mu = mean(x, axes, { keepdims: true });
  // Around the mean, not mean(x²) − μ²: that cancels when the mean is large.
  return { mean: mu, variance: mean(square(sub(x, mu)), axes, { keepdims: true }) };
}

/** (x − μ)/√(v + ε). */
export const standardizeBy = (x: Traced, { mean, variance }: Moments, epsilon: number): Traced =>
  div(sub(x, mean), sqrt(add(variance, epsilon)));

/** x/√(mean(x²) + ε) over `axes`. */
export const divideByRootMeanSquare = (x: Traced, axes: readonly number[], epsilon: number): Traced =>
  div(x, sqrt(add(mean(square(x), axes, { keepdims: true }), epsilon)));

/** All axes of x but the channel axis 1. */
export const batchAxes = (x: Traced): number[] => axesFrom(x, 0).filter((axis) => axis !== 1);

/** All axes of x from `first` on. */
export const axesFrom = (x: Traced, first: number): number[] =>
  x.shape.map((_, axis) => axis).filter((axis) => axis >= first);

/** One value per channel, [C] or of C elements, so that it broadcasts against x [N, C, …]. */
export const perChannel = (values: Traced, x: Traced): Traced =>
  reshape(values, [x.shape[1], ...x.shape.slice(2).map(() => 1)]);

/** The unbiased estimate v·n/(n−1) from the biased variance of n elements. */
export const unbiased = (variance: Traced, elements: number): Traced =>
  mul(variance, elements / (elements - 1));
