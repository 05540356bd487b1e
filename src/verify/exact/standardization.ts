import type { Element, RootAlgebra } from "./algebra.js";
import { Rational } from "./rational.js";

/**
 * The standardization of one channel at ε = 0 in exact arithmetic. Tests replace it with broken
 * ones.
 */
export interface ExactStandardization {
  /** y = (x − μ)/σ. */
  standardize(algebra: RootAlgebra, channel: number, x: readonly Element[]): Element[];
  /** ∂L/∂x from G = ∂L/∂y, in closed form. */
  adjoint(
    algebra: RootAlgebra,
    channel: number,
    x: readonly Element[],
    gradient: readonly Element[],
  ): Element[];
}

/**
 * The standardization of docs/theory.md, section 1 and its adjoint of docs/theory.md, section 2.
 */
export const exactStandardization: ExactStandardization = {
  standardize(algebra, channel, x) {
    const { centred, inverseSigma } = moments(algebra, channel, x);
    return centred.map((c) => c.times(inverseSigma));
  },

  adjoint(algebra, channel, x, gradient) {
    const { centred, inverseSigma } = moments(algebra, channel, x);
    const y = centred.map((c) => c.times(inverseSigma));
    const shared = mean(gradient);
    const alongY = mean(gradient.map((g, i) => g.times(y[i])));
    return gradient.map((g, i) => g.minus(shared).minus(y[i].times(alongY)).times(inverseSigma));
  },
};

/** x − μ and 1/σ of a channel, with the biased variance. */
export function moments(
  algebra: RootAlgebra,
  channel: number,
  x: readonly Element[],
): { centred: Element[]; inverseSigma: Element } {
  const mu = mean(x);
  const centred = x.map((v) => v.minus(mu));
  const variance = mean(centred.map((c) => c.times(c)));
  return { centred, inverseSigma: algebra.inverseRoot(channel, variance) };
}

export const sum = (values: readonly Element[]): Element => values.reduce((a, b) => a.plus(b));
export const mean = (values: readonly Element[]): Element =>
  sum(values).scaled(Rational.of(1, values.length));
