import { addressesOf } from "./addresses.js";
import { CompensatedSums } from "./compensated.js";
import type { GroupLayout } from "./layout.js";
import type { FloatArray } from "./standardize.js";

/**
 * The affine phase z_d = γ_d·y_d + β_d, with one γ and one β per group of the layout.
 *
 * @param y - output of the standardization phase, dense, in C order
 * @param gamma - γ, one number per group (batch normalization: per channel)
 * @param beta - β, one number per group
 * @param layout - where the groups lie in `y`
 * @returns z, in the layout of `y`
 *
 * @example
 * ```ts
 * import { affine, batchNormLayout } from "blindspot/theory";
 *
 * // Two samples of two channels.
 * const y = Float64Array.of(-1, -1, 1, 1);
 * const z = affine(y, Float64Array.of(2, 3), Float64Array.of(0, 10), batchNormLayout([2, 2]));
 * console.log(z); // [-2, 7, 2, 13]
 * ```
 */
export function affine(
  y: FloatArray,
  gamma: FloatArray,
  beta: FloatArray,
  layout: GroupLayout,
): Float64Array {
  const z = new Float64Array(y.length);
  const { starts, offsets } = addressesOf(layout);
  for (let d = 0; d < starts.length; d++)
    for (const offset of offsets) z[starts[d] + offset] = gamma[d] * y[starts[d] + offset] + beta[d];
  return z;
}

/**
 * The adjoint of the affine phase: the cotangent G = ∂L/∂y, with G_d = γ_d·∂L/∂z_d.
 *
 * The affine phase scales. Where γ_d ≠ 0 it blocks nothing (docs/theory.md, section 3).
 *
 * @param gradient - ∂L/∂z, dense, in C order
 * @param gamma - γ, one number per group
 * @param layout - where the groups lie in `gradient`
 * @returns G, in the layout of `gradient`
 *
 * @example
 * ```ts
 * import { affineAdjoint, batchNormLayout } from "blindspot/theory";
 *
 * const gradient = Float64Array.of(1, 1, 5, 5);
 * const gamma = Float64Array.of(2, 3);
 * console.log(affineAdjoint(gradient, gamma, batchNormLayout([2, 2]))); // [2, 3, 10, 15]
 * ```
 */
export function affineAdjoint(gradient: FloatArray, gamma: FloatArray, layout: GroupLayout): Float64Array {
  const result = new Float64Array(gradient.length);
  const { starts, offsets } = addressesOf(layout);
  for (let d = 0; d < starts.length; d++)
    for (const offset of offsets) result[starts[d] + offset] = gamma[d] * gradient[starts[d] + offset];
  return result;
}

/** Gradients of the affine parameters, one number per group. */
export interface AffineGradients {
  /** ∂L/∂γ_d = Σ_i y_id·∂L/∂z_id. */
  readonly gamma: Float64Array;
  /** ∂L/∂β_d = Σ_i ∂L/∂z_id. */
  readonly beta: Float64Array;
}

/**
 * The gradients of γ and β: ∂L/∂γ_d = Σ_i y_id·∂L/∂z_id and ∂L/∂β_d = Σ_i ∂L/∂z_id.
 *
 * The blocked Taylor terms arrive here. At ẑ = β, the first-order term gives ∂L/∂β_d = n·g_d, and
 * the diagonal second-order term gives ∂L/∂γ_d = n·(1−ρ_d)·γ_d·H_dd.
 * Source: docs/theory.md, section 3.
 *
 * @param gradient - ∂L/∂z, dense, in C order
 * @param y - output of the standardization phase, in the layout of `gradient`
 * @param layout - where the groups lie in both
 * @returns both gradients, summed with compensation
 *
 * @example
 * ```ts
 * import { affineGradients, batchNormLayout } from "blindspot/theory";
 *
 * // One channel, three samples; the same gradient 0.5 arrives at each sample.
 * const [gradient, y] = [Float64Array.of(0.5, 0.5, 0.5), Float64Array.of(-1, 0, 1)];
 * const { gamma, beta } = affineGradients(gradient, y, batchNormLayout([3, 1]));
 * console.log(gamma, beta); // [0] [1.5]
 * ```
 */
export function affineGradients(gradient: FloatArray, y: FloatArray, layout: GroupLayout): AffineGradients {
  const { starts, offsets } = addressesOf(layout);
  const gamma = new CompensatedSums(starts.length);
  const beta = new CompensatedSums(starts.length);
  for (let d = 0; d < starts.length; d++)
    for (const offset of offsets) {
      const e = starts[d] + offset;
      gamma.add(d, gradient[e] * y[e]);
      beta.add(d, gradient[e]);
    }
  return {
    gamma: Float64Array.from(starts, (_, d) => gamma.total(d)),
    beta: Float64Array.from(starts, (_, d) => beta.total(d)),
  };
}
