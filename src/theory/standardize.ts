import { addressesOf } from "./addresses.js";
import { type GroupLayout, groupCount } from "./layout.js";

/** The elements of a dense tensor in C order. Functions of `blindspot/theory` return float64. */
export type FloatArray = Float32Array | Float64Array;

/** Options of `standardize`. */
export interface StandardizeOptions {
  /** ε, added to the variance. Default 0. */
  readonly epsilon?: number;
  /**
   * False for RMS normalization, which divides by the root mean square and subtracts no mean.
   * Default true.
   */
  readonly centred?: boolean;
}

/** Output of the standardization phase, and the statistics of each group. */
export interface Standardized {
  /** y = (x − μ)/σ, in the layout of x. */
  readonly y: Float64Array;
  /** μ, one number per group; 0 where nothing is centred. */
  readonly mean: Float64Array;
  /** v, the biased variance; the mean square where nothing is centred. */
  readonly variance: Float64Array;
  /** σ = √(v + ε). */
  readonly sigma: Float64Array;
  /** ρ = ε/(v + ε): the fraction of the direction y that ε lets through; 0 where v = ε = 0. */
  readonly leak: Float64Array;
  /** Whether the mean was subtracted. */
  readonly centred: boolean;
}

/**
 * The standardization phase of every group: y = (x − μ)/σ, with μ the mean, v the biased variance
 * and σ = √(v + ε).
 *
 * RMS normalization subtracts no mean: y = x/√(mean(x²) + ε). A group of equal values gets y = 0,
 * at ε = 0 too.
 * Source: docs/theory.md, section 1; Ioffe and Szegedy 2015, algorithm 1, before scale and shift.
 *
 * @param x - features, dense, in C order
 * @param layout - where the groups lie in `x`
 * @param options - ε, and whether the mean is subtracted
 * @returns y and the statistics of each group, in float64
 *
 * @example
 * ```ts
 * import { batchNormLayout, standardize } from "blindspot/theory";
 *
 * // Two samples of two channels: channel 0 is (1, 3), channel 1 is (10, 30).
 * const { y, mean, sigma } = standardize(Float64Array.of(1, 10, 3, 30), batchNormLayout([2, 2]));
 * console.log(y); // [-1, -1, 1, 1]
 * console.log(mean, sigma); // [2, 20] [1, 10]
 * ```
 */
export function standardize(
  x: FloatArray,
  layout: GroupLayout,
  { epsilon = 0, centred = true }: StandardizeOptions = {},
): Standardized {
  const groups = groupCount(layout);
  const result = {
    y: new Float64Array(x.length),
    mean: new Float64Array(groups),
    variance: new Float64Array(groups),
    sigma: new Float64Array(groups),
    leak: new Float64Array(groups),
    centred,
  };
  for (const [group, members] of groupsOf(layout)) {
    const mean = centred ? meanOf(members, (e) => x[e]) : 0;
    const variance = meanOf(members, (e) => (x[e] - mean) ** 2);
    const sigma = Math.sqrt(variance + epsilon);
    for (const e of members) result.y[e] = sigma === 0 ? 0 : (x[e] - mean) / sigma;
    result.mean[group] = mean;
    result.variance[group] = variance;
    result.sigma[group] = sigma;
    result.leak[group] = sigma === 0 ? 0 : epsilon / (variance + epsilon);
  }
  return result;
}

/**
 * The adjoint of the standardization phase:
 *
 *     ∂L/∂x = (1/σ)·(G − mean(G)·1 − y·mean(G∘y))
 *
 * RMS normalization subtracts no mean, and the term mean(G)·1 is absent.
 * Source: docs/theory.md, section 2.
 *
 * @param gradient - the cotangent G = ∂L/∂y, dense, in C order
 * @param standardized - result of `standardize` at x
 * @param layout - where the groups lie in x
 * @returns ∂L/∂x, in the layout of x; 0 where σ = 0
 *
 * @example
 * ```ts
 * import { batchNormLayout, standardize, standardizeAdjoint } from "blindspot/theory";
 *
 * const layout = batchNormLayout([4, 1]);
 * const standardized = standardize(Float64Array.of(-1, -1, 1, 1), layout);
 * // A constant and a multiple of y are blocked; the rest passes.
 * const arriving = (...gradient: number[]) =>
 *   standardizeAdjoint(Float64Array.from(gradient), standardized, layout);
 * console.log(arriving(5, 5, 5, 5)); // [0, 0, 0, 0]
 * console.log(arriving(-2, -2, 2, 2)); // [0, 0, 0, 0]
 * console.log(arriving(1, -1, -1, 1)); // [1, -1, -1, 1]
 * ```
 */
export function standardizeAdjoint(
  gradient: FloatArray,
  { y, sigma, centred }: Standardized,
  layout: GroupLayout,
): Float64Array {
  const result = new Float64Array(gradient.length);
  for (const [group, members] of groupsOf(layout)) {
    if (sigma[group] === 0) continue;
    const shared = centred ? meanOf(members, (e) => gradient[e]) : 0;
    const alongY = meanOf(members, (e) => gradient[e] * y[e]);
    for (const e of members) result[e] = (gradient[e] - shared - y[e] * alongY) / sigma[group];
  }
  return result;
}

/** The groups of a layout, each with the positions of its elements in the dense tensor. */
function* groupsOf(layout: GroupLayout): Generator<[group: number, members: Uint32Array]> {
  const { starts, offsets } = addressesOf(layout);
  for (const [group, start] of starts.entries()) yield [group, offsets.map((offset) => start + offset)];
}

/**
 * Mean of `value` over a group, taken around the first value. The mean of equal values is then that
 * value exactly, and a constant channel has variance 0, not the square of a rounding error.
 */
function meanOf(members: Uint32Array, value: (element: number) => number): number {
  const origin = value(members[0]);
  let sum = 0;
  for (const e of members) sum += value(e) - origin;
  return origin + sum / members.length;
}
