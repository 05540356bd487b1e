/** Half the distance from 1 to the next float64. */
const UNIT_ROUNDOFF = 2 ** -53;

/** How many standard deviations of accumulated rounding a bound allows. */
const LAMBDA = 8;

/** The quantities that decide how many digits the backward pass of one channel keeps. */
export interface Conditioning {
  /** n. */
  readonly elements: number;
  /** κ = |μ|/σ. */
  readonly kappa: number;
  /** max|y|; a value below 1 counts as 1. */
  readonly peakY: number;
  /** max|G|/rms(G). */
  readonly peakG: number;
  /** A: the magnitude of the summands of G, relative to rms(G). */
  readonly amplification: number;
  /** How many products make one element of G. */
  readonly products: number;
}

/**
 * A bound on the rounding of ∂L/∂x, relative to ‖G/σ‖, with u = 2⁻⁵³ and λ = 8:
 *
 *     λ·u·( κ·A + √n·max|y|·max|G|/rms(G) + (2 + √products)·A )
 *
 * The three summands, for one channel:
 *   - κ·A: the rounding of the mean is |μ|·u. It shifts y by a constant η = κ·u. For G = a·1 + b·y
 *     the adjoint then leaves −b·η·1 − a·η·y, at most (|a| + |b|)·η. The shift of another channel's
 *     y enters G as a constant of size A·η.
 *   - √n·…: a sum of n terms of size t has an error of about √n·t·u, since rounding errors behave
 *     as independent. The probability of λ times that error is below 2n·exp(−λ²/2) (Higham and Mary
 *     2019, probabilistic error analysis): 2·10⁻⁹ for n = 65,536. The sums are mean(x−μ), mean(y²) and mean(G∘y).
 *     Their terms are at most max|y|·max|G|.
 *   - (2 + √products)·A: each summand of G has a rounding of A·u. The standardization lets it pass
 *     with a factor of at most 1.
 */
export function roundingBound({
  elements,
  kappa,
  peakY,
  peakG,
  amplification,
  products,
}: Conditioning): number {
  const sums = Math.sqrt(elements) * Math.max(1, peakY) * Math.max(1, peakG);
  const a = Math.max(1, amplification);
  return LAMBDA * UNIT_ROUNDOFF * (kappa * a + sums + (2 + Math.sqrt(products)) * a);
}

/** A bound on the relative rounding of a sum of products of one sign, such as a squared norm. */
export const sumBound = (terms: number): number => LAMBDA * UNIT_ROUNDOFF * (2 + Math.sqrt(terms));
