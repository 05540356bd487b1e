import { showShape } from "../base/tensor.js";
import { addressesOf, type Expansion, type Standardized, standardize } from "../theory/index.js";
import type { Case } from "./cases.js";
import type { Context } from "./context.js";
import { roundingBound } from "./rounding.js";
import type { Subject } from "./subject.js";

/** A case sent through both phases of the normalization under test. */
export interface Pass {
  readonly subject: Subject;
  readonly case: Case;
  readonly epsilon: number;
  /** The standardization by the code under test, and by the theory. */
  readonly standardized: Standardized;
  readonly reference: Standardized;
  readonly z: Float64Array;
}

export function forward(subject: Subject, c: Case, epsilon: number): Pass {
  const standardized = subject.standardize(c.x, c.layout, { epsilon });
  return {
    subject,
    case: c,
    epsilon,
    standardized,
    reference: standardize(c.x, c.layout, { epsilon }),
    z: subject.affine(standardized.y, c.gamma, c.beta, c.layout),
  };
}

/** ∂L/∂z taken back through the affine phase, to G = ∂L/∂y, and on through the standardization, to ∂L/∂x. */
export function backward(pass: Pass, gradient: Float64Array): { y: Float64Array; x: Float64Array } {
  const { layout, gamma } = pass.case;
  const y = pass.subject.affineAdjoint(gradient, gamma, layout);
  return { y, x: pass.subject.adjoint(y, pass.standardized, layout) };
}

/** What ∂L/∂z is computed from, per channel: the size of its summands, and how many there are. */
export interface Origin {
  readonly magnitude: Float64Array;
  readonly products: number;
}

/** Summands of the gradient of L_grad: g. */
export const firstOrigin = ({ gradient }: Expansion): Origin => ({
  magnitude: gradient.map(Math.abs),
  products: 1,
});

/** Summands of the gradient of L_diag: H_dd γ_d y_d, H_dd β_d, H_dd ẑ_d. */
export const diagonalOrigin = ({ hessian }: Expansion, { channels, ...c }: Case): Origin => ({
  magnitude: summandsOf(c).map((size, d) => Math.abs(hessian[d * channels + d]) * size),
  products: 1,
});

/** Summands of the gradient of L_off: the same over all channels e ≠ d. */
export const offDiagonalOrigin = ({ hessian }: Expansion, { channels, ...c }: Case): Origin => {
  const sizes = summandsOf(c);
  return {
    magnitude: sizes.map((_, d) =>
      sizes.reduce((sum, size, e) => (e === d ? sum : sum + Math.abs(hessian[d * channels + e]) * size), 0),
    ),
    products: channels,
  };
};

const summandsOf = ({ gamma, beta, point }: Pick<Case, "gamma" | "beta" | "point">): Float64Array =>
  gamma.map((g, d) => Math.abs(g) + Math.abs(beta[d]) + Math.abs(point[d]));

/** Root mean square of each channel, and its largest magnitude. */
export function channelSizes(values: Float64Array, c: Case): { rms: Float64Array; peak: Float64Array } {
  const { starts, offsets } = addressesOf(c.layout);
  const rms = new Float64Array(starts.length);
  const peak = new Float64Array(starts.length);
  for (let d = 0; d < starts.length; d++) {
    let sum = 0;
    for (const offset of offsets) {
      const size = Math.abs(values[starts[d] + offset]);
      sum += size * size;
      // Written so that NaN is kept.
      if (!(size <= peak[d])) peak[d] = size;
    }
    rms[d] = Math.sqrt(sum / offsets.length);
  }
  return { rms, peak };
}

/**
 * Records, channel by channel, how far ∂L/∂x is from what the theory expects, relative to the same cotangent G through
 * σ alone, against what rounding explains.
 */
export function recordDeviation(
  context: Context,
  pass: Pass,
  { y, x }: { y: Float64Array; x: Float64Array },
  expected: Float64Array | null,
  origin: Origin,
): void {
  const { case: c, reference } = pass;
  const deviation = expected === null ? x : x.map((v, e) => v - expected[e]);
  const { rms: error } = channelSizes(deviation, c);
  const { rms, peak } = channelSizes(y, c);
  const { peak: peakY } = channelSizes(reference.y, c);
  const kappas = reference.mean.map((mu, d) =>
    reference.sigma[d] === 0 ? 0 : Math.abs(mu) / reference.sigma[d],
  );
  // Off-diagonal terms carry the rounding of other channels' means into this one.
  const worstKappa = Math.max(...kappas);
  for (let d = 0; d < c.channels; d++) {
    const sigma = reference.sigma[d];
    // No cotangent, or a constant channel at ε = 0: the gradient has to be exactly 0.
    const nothing = rms[d] === 0 || sigma === 0;
    const bound = nothing
      ? 0
      : roundingBound({
          elements: c.elements,
          kappa: origin.products > 1 ? worstKappa : kappas[d],
          peakY: peakY[d],
          peakG: peak[d] / rms[d],
          amplification: (Math.abs(c.gamma[d]) * origin.magnitude[d]) / rms[d],
          products: origin.products,
        });
    const value = nothing ? error[d] : (error[d] * sigma) / rms[d];
    context.record(value, bound, () => describe(pass, d));
  }
}

/** A share of order 1: what "passes" means where the exact share depends on the data. */
const ORDER_1 = 0.1;

/** Records, channel by channel, how much of G arrives: ‖∂L/∂x‖ relative to G through σ alone, at least a share of order 1. */
export function recordPassing(
  context: Context,
  pass: Pass,
  { y, x }: { y: Float64Array; x: Float64Array },
): void {
  const through = channelNorms(y, pass.case);
  for (const [d, norm] of channelNorms(x, pass.case).entries())
    context.record((norm * pass.reference.sigma[d]) / through[d], ORDER_1, () => describe(pass, d));
}

/** ‖·‖ of each channel, up to one common factor: root mean squares. */
export const channelNorms = (values: Float64Array, c: Case): Float64Array => channelSizes(values, c).rms;

/** The case in words. */
export function describe({ case: c, epsilon, reference }: Pass, channel: number): string {
  const kappa = Math.abs(reference.mean[channel]) / reference.sigma[channel];
  return `${c.kind}, x ${showShape(c.shape)}, channel ${channel}, ε = ${epsilon.toPrecision(2)}, |μ|/σ = ${kappa.toPrecision(2)}`;
}
