import { addressesOf } from "./addresses.js";
import type { GroupLayout } from "./layout.js";
import type { Standardized } from "./standardize.js";

/**
 * What ε lets through of the diagonal second-order term: ∂L_diag/∂x_d = (ρ_d/σ_d) γ_d² H_dd y_d for L_diag = ½ Σ_i
 * Σ_d H_dd (z_id−ẑ_d)², at any ẑ. 0 at ε = 0: Theorem 2. `hessian` is H [D, D]. Source: THEORY section 3.
 */
export function diagonalLeak(
  hessian: Float64Array,
  gamma: Float64Array,
  { y, sigma, leak }: Standardized,
  layout: GroupLayout,
): Float64Array {
  const result = new Float64Array(y.length);
  const { starts, offsets } = addressesOf(layout);
  for (let d = 0; d < starts.length; d++) {
    if (sigma[d] === 0) continue;
    const factor = (leak[d] / sigma[d]) * gamma[d] ** 2 * hessian[d * starts.length + d];
    for (const offset of offsets) result[starts[d] + offset] = factor * y[starts[d] + offset];
  }
  return result;
}

/**
 * What passes of the off-diagonal second-order term: ∂L_off/∂x_d = (γ_d/σ_d) Σ_{e≠d} H_de γ_e (y_e − C_de y_d) with
 * C = YYᵀ/n, for any ẑ and ε. Only the part of channel e that is uncorrelated with channel d. `hessian` is H [D, D].
 * Source: THEORY section 3.
 */
export function offDiagonalPassed(
  hessian: Float64Array,
  gamma: Float64Array,
  { y, sigma }: Standardized,
  layout: GroupLayout,
): Float64Array {
  const result = new Float64Array(y.length);
  const { starts, offsets } = addressesOf(layout);
  const size = starts.length;
  for (let d = 0; d < size; d++) {
    if (sigma[d] === 0) continue;
    for (let e = 0; e < size; e++) {
      if (e === d) continue;
      const factor = (gamma[d] / sigma[d]) * hessian[d * size + e] * gamma[e];
      let correlation = 0;
      for (const offset of offsets) correlation += y[starts[d] + offset] * y[starts[e] + offset];
      correlation /= offsets.length;
      for (const offset of offsets)
        result[starts[d] + offset] += factor * (y[starts[e] + offset] - correlation * y[starts[d] + offset]);
    }
  }
  return result;
}
