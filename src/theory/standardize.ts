import { addressesOf } from "./addresses.js";
import { type GroupLayout, groupCount } from "./layout.js";

/** Tensors as the theory reads them: dense, C order. Results are always float64. */
export type FloatArray = Float32Array | Float64Array;

export interface StandardizeOptions {
  /** ε, added to the variance. Default 0. */
  readonly epsilon?: number;
  /** false for RMS normalization, which divides by the root mean square and subtracts nothing. */
  readonly centred?: boolean;
}

/** Output of the standardization phase, in the layout of its input, with the statistics of each group. */
export interface Standardized {
  readonly y: Float64Array;
  /** μ; zeros where nothing is centred. */
  readonly mean: Float64Array;
  /** v, the biased variance; the mean square where nothing is centred. */
  readonly variance: Float64Array;
  /** σ = √(v + ε). */
  readonly sigma: Float64Array;
  /** ρ = ε/(v + ε), the part of the direction y that ε lets through; 0 where v = ε = 0. */
  readonly leak: Float64Array;
  readonly centred: boolean;
}

/**
 * The standardization phase y = (x − μ)/σ of every group, with μ the mean, v the biased variance and
 * σ = √(v + ε); without centring y = x/√(mean(x²) + ε). A group of equal values has y = 0, for ε = 0 too.
 * Source: docs/theory.md, section 1; Ioffe and Szegedy 2015, algorithm 1, before scale and shift.
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
 * The adjoint of the standardization phase: ∂L/∂x = (1/σ)·(G − mean(G)·1 − y·mean(G∘y)) for G = ∂L/∂y, without
 * the middle term where nothing is centred. 0 where σ = 0. Source: docs/theory.md, section 2.
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

/** The groups of a layout, each as the positions of its elements in the dense tensor. */
function* groupsOf(layout: GroupLayout): Generator<[group: number, members: Uint32Array]> {
  const { starts, offsets } = addressesOf(layout);
  for (const [group, start] of starts.entries()) yield [group, offsets.map((offset) => start + offset)];
}

/**
 * Mean of `value` over a group, taken around the first value: so the mean of equal values is that value
 * exactly, and a constant channel has variance 0 rather than the square of a rounding error.
 */
function meanOf(members: Uint32Array, value: (element: number) => number): number {
  const origin = value(members[0]);
  let sum = 0;
  for (const e of members) sum += value(e) - origin;
  return origin + sum / members.length;
}
