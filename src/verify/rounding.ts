/** Half the distance from 1 to the next float64. */
const UNIT_ROUNDOFF = 2 ** -53;

/** How many standard deviations of accumulated rounding a bound allows for. */
const LAMBDA = 8;

/** What decides how many digits the backward pass of one channel keeps. */
export interface Conditioning {
  /** n. */
  readonly elements: number;
  /** κ = |μ|/σ. */
  readonly kappa: number;
  /** max|y|, at least 1. */
  readonly peakY: number;
  /** max|G|/rms(G). */
  readonly peakG: number;
  /** A: magnitude of the summands that G is computed from, relative to rms(G). */
  readonly amplification: number;
  /** How many products are summed into one element of G. */
  readonly products: number;
}

/**
 * How large rounding may make the part of ∂L/∂x that should be 0, relative to ‖G/σ‖ (the same cotangent through σ
 * alone), u = 2⁻⁵³:
 *
 *     λ·u·( κ·A + √n·max|y|·max|G|/rms(G) + (2 + √products)·A ),   λ = 8
 *
 * Where the summands come from, for one channel:
 *   - the mean is rounded to |μ|u, so y is off by the constant η = κu. For G = a·1 + b·y the adjoint then leaves −bη·1
 *     − aη·y, at most (|a| + |b|)η; a shift of another channel's y enters G as a constant of size A·η.
 *   - a sum of n terms of size t is off by about √n·t·u: rounding errors are as good as independent, and the
 *     chance to exceed λ times that is below 2n·exp(−λ²/2) (Higham and Mary 2019, theorem 2.4): 2·10⁻⁹ for n = 65,536.
 *     Three sums matter: mean(x−μ), mean(y²) and mean(G∘y); their terms are at most max|y|·max|G|.
 *   - G itself is computed from rounded summands, A·u each, and passes with a factor of at most 1.
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

/** How far off, relatively, rounding may make a sum of `terms` products of one sign, such as a squared norm. */
export const sumBound = (terms: number): number => LAMBDA * UNIT_ROUNDOFF * (2 + Math.sqrt(terms));
