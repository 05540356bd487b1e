import { addressesOf } from "./addresses.js";
import { CompensatedSums } from "./compensated.js";
import type { GroupLayout } from "./layout.js";
import type { FloatArray } from "./standardize.js";

/** The affine phase z = γ_d y + β_d, one γ and β per group of the layout (batch norm: per channel). */
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

/** The adjoint of the affine phase: G = ∂L/∂y = γ_d ∂L/∂z. It scales, and blocks nothing where γ_d ≠ 0. */
export function affineAdjoint(gradient: FloatArray, gamma: FloatArray, layout: GroupLayout): Float64Array {
  const result = new Float64Array(gradient.length);
  const { starts, offsets } = addressesOf(layout);
  for (let d = 0; d < starts.length; d++)
    for (const offset of offsets) result[starts[d] + offset] = gamma[d] * gradient[starts[d] + offset];
  return result;
}

export interface AffineGradients {
  /** ∂L/∂γ_d = Σ_i y_id ∂L/∂z_id. */
  readonly gamma: Float64Array;
  /** ∂L/∂β_d = Σ_i ∂L/∂z_id. */
  readonly beta: Float64Array;
}

/**
 * Where the blocked signal goes: the gradients of γ and β for a given ∂L/∂z. For the blocked Taylor terms at
 * expansion point ẑ = β they are n·g_d (first order, β) and n·(1−ρ_d)·γ_d·H_dd (diagonal, γ). Source: docs/theory.md, section 3.
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
