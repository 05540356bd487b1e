import { showShape } from "../base/tensor.js";
import { addressesOf, type Expansion, type Standardized, standardize } from "../theory/index.js";
import type { Case } from "./cases.js";
import type { Context } from "./context.js";
import { roundingBound } from "./rounding.js";
import type { Subject } from "./subject.js";

/** The forward pass of a case through both phases. */
export interface Pass {
  readonly subject: Subject;
  readonly case: Case;
  readonly epsilon: number;
  /** The standardization by the code under test. */
  readonly standardized: Standardized;
  /** The standardization by src/theory. */
  readonly reference: Standardized;
  /** Output of the affine phase under test. */
  readonly z: Float64Array;
}

/** Standardizes x and applies the affine phase. */
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

/** Gradients of a loss at the output and at the input of the standardization. */
export interface Arriving {
  /** G = ∂L/∂y. */
  readonly y: Float64Array;
  /** ∂L/∂x. */
  readonly x: Float64Array;
}

/**
 * Pulls ∂L/∂z back through the affine phase to G = ∂L/∂y, then through the standardization to
 * ∂L/∂x.
 */
export function backward(pass: Pass, gradient: Float64Array): Arriving {
  const { layout, gamma } = pass.case;
  const y = pass.subject.affineAdjoint(gradient, gamma, layout);
  return { y, x: pass.subject.adjoint(y, pass.standardized, layout) };
}

/** The summands that make ∂L/∂z, per channel. Their size decides the rounding of ∂L/∂z. */
export interface Origin {
  /** Sum of the magnitudes of the summands, one number per channel. */
  readonly magnitude: Float64Array;
  /** Number of products in one element of ∂L/∂z. */
  readonly products: number;
}

/** The summand of ∂L_grad/∂z_d: g_d. */
export const firstOrigin = ({ gradient }: Expansion): Origin => ({
  magnitude: gradient.map(Math.abs),
  products: 1,
});

/** The summands of ∂L_diag/∂z_d: H_dd·γ_d·y_d, H_dd·β_d and H_dd·ẑ_d. */
export const diagonalOrigin = ({ hessian }: Expansion, { channels, ...c }: Case): Origin => ({
  magnitude: summandsOf(c).map((size, d) => Math.abs(hessian[d * channels + d]) * size),
  products: 1,
});

/** The summands of ∂L_off/∂z_d: H_de·γ_e·y_e, H_de·β_e and H_de·ẑ_e for all channels e ≠ d. */
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

/** Root mean square and largest magnitude of each channel. */
export function channelSizes(values: Float64Array, c: Case): { rms: Float64Array; peak: Float64Array } {
  const { starts, offsets } = addressesOf(c.layout);
  const rms = new Float64Array(starts.length);
  const peak = new Float64Array(starts.length);
  for (let d = 0; d < starts.length; d++) {
    let sum = 0;
    for (const offset of offsets) {
      const size = Math.abs(values[starts[d] + offset]);
      sum += size * size;
      // NaN fails every comparison, so this form keeps it.
      if (!(size <= peak[d])) peak[d] = size;
    }
    rms[d] = Math.sqrt(sum / offsets.length);
  }
  return { rms, peak };
}

/** The gradients of a term, and the gradient that the theory expects at x. */
export interface Comparison {
  readonly arriving: Arriving;
  /** ∂L/∂x by the theory. Default 0. */
  readonly expected?: Float64Array;
  /** The summands of ∂L/∂z. */
  readonly origin: Origin;
}

/**
 * Records for each channel the distance of ∂L/∂x from the expected gradient, relative to ‖G/σ‖. The
 * bound is that of rounding.
 */
export function recordDeviation(
  context: Context,
  pass: Pass,
  { arriving: { y, x }, expected, origin }: Comparison,
): void {
  const { case: c, reference } = pass;
  const deviation = expected === undefined ? x : x.map((v, e) => v - expected[e]);
  const { rms: error } = channelSizes(deviation, c);
  const { rms, peak } = channelSizes(y, c);
  const { peak: peakY } = channelSizes(reference.y, c);
  const kappas = reference.mean.map((mu, d) =>
    reference.sigma[d] === 0 ? 0 : Math.abs(mu) / reference.sigma[d],
  );
  // Off-diagonal terms carry the rounding of the means of other channels into this channel.
  const worstKappa = Math.max(...kappas);
  for (let d = 0; d < c.channels; d++) {
    const sigma = reference.sigma[d];
    // Without a cotangent, or with a constant channel at ε = 0, ∂L/∂x must be exactly 0.
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

/** The share of ‖G/σ‖ from which a term counts as passing. The exact share depends on the data. */
const ORDER_1 = 0.1;

/** Records for each channel ‖∂L/∂x‖ relative to ‖G/σ‖. It must be of order 1. */
export function recordPassing(context: Context, pass: Pass, { y, x }: Arriving): void {
  const through = channelNorms(y, pass.case);
  for (const [d, norm] of channelNorms(x, pass.case).entries())
    context.record((norm * pass.reference.sigma[d]) / through[d], ORDER_1, () => describe(pass, d));
}

/** Root mean square of each channel: its length up to a factor that all channels share. */
export const channelNorms = (values: Float64Array, c: Case): Float64Array => channelSizes(values, c).rms;

/** The case and the channel in words. */
export function describe({ case: c, epsilon, reference }: Pass, channel: number): string {
  const kappa = Math.abs(reference.mean[channel]) / reference.sigma[channel];
  const numbers = `ε = ${epsilon.toPrecision(2)}, |μ|/σ = ${kappa.toPrecision(2)}`;
  return `${c.kind}, x ${showShape(c.shape)}, channel ${channel}, ${numbers}`;
}
