import { addressesOf } from "./addresses.js";
import type { GroupLayout } from "./layout.js";
import { offDiagonalRow, sampleBlocks } from "./sample-blocks.js";
import type { FloatArray, Standardized } from "./standardize.js";

/**
 * What ε lets through of the diagonal second-order term: ∂L_diag/∂x_d = (ρ_d/σ_d) γ_d² H_dd y_d for L_diag = ½ Σ_i
 * Σ_d H_dd (z_id−ẑ_d)², at any ẑ. 0 at ε = 0: Theorem 2. `hessian` is H [D, D]. Source: docs/theory.md, section 3.
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
 * Source: docs/theory.md, section 4.
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
  const correlations = correlationsOf(y, layout);
  const couplings = hessian.map((h, k) => h * gamma[k % size]);
  // Σ_{e≠d} H_de γ_e C_de, the multiple of y_d that is taken away.
  const removed = Float64Array.from(starts, (_, d) => {
    let sum = 0;
    for (let e = 0; e < size; e++) if (e !== d) sum += couplings[d * size + e] * correlations[d * size + e];
    return sum;
  });
  for (const { values, columns } of sampleBlocks(y, starts, offsets)) {
    const width = columns.length;
    for (let d = 0; d < size; d++) {
      if (sigma[d] === 0) continue;
      const row = offDiagonalRow(couplings, values, size, d);
      for (let i = 0; i < width; i++)
        result[starts[d] + columns[i]] =
          (gamma[d] / sigma[d]) * (row[i] - removed[d] * values[d * width + i]);
    }
  }
  return result;
}

/** C = YYᵀ/n [D, D], between the groups of a layout. */
export function correlationsOf(y: FloatArray, layout: GroupLayout): Float64Array {
  const { starts, offsets } = addressesOf(layout);
  const size = starts.length;
  const result = new Float64Array(size * size);
  for (const { values, columns } of sampleBlocks(y, starts, offsets)) {
    const width = columns.length;
    for (let d = 0; d < size; d++)
      for (let e = 0; e <= d; e++) {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += values[d * width + i] * values[e * width + i];
        result[d * size + e] += sum / offsets.length;
      }
  }
  for (let d = 0; d < size; d++) for (let e = 0; e < d; e++) result[e * size + d] = result[d * size + e];
  return result;
}
