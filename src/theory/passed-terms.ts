import { addressesOf } from "./addresses.js";
import type { GroupLayout } from "./layout.js";
import { offDiagonalRow, sampleBlocks } from "./sample-blocks.js";
import type { FloatArray, Standardized } from "./standardize.js";

/**
 * The leak of the diagonal second-order term L_diag = ½ Σ_i Σ_d H_dd (z_id−ẑ_d)², at any ẑ:
 *
 *     ∂L_diag/∂x_d = (ρ_d/σ_d)·γ_d²·H_dd·y_d
 *
 * At ε = 0 it is 0, which is Theorem 2.
 * Source: docs/theory.md, section 3.
 *
 * @param hessian - H [D, D], row by row
 * @param gamma - γ [D]
 * @param standardized - result of `standardize` at x
 * @param layout - where the D groups lie in x
 * @returns ∂L_diag/∂x, in the layout of x
 *
 * @example
 * ```ts
 * import { batchNormLayout, diagonalLeak, standardize } from "blindspot/theory";
 *
 * const layout = batchNormLayout([2, 1]);
 * const [x, one] = [Float64Array.of(-1, 1), Float64Array.of(1)];
 * // v = 1 and ε = 3, so σ = 2, ρ = 3/4 and y = ±1/2.
 * const standardized = standardize(x, layout, { epsilon: 3 });
 * console.log(diagonalLeak(one, one, standardized, layout)); // [-0.1875, 0.1875]
 * ```
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
 * The gradient of the off-diagonal second-order term at x, for any ẑ and ε:
 *
 *     ∂L_off/∂x_d = (γ_d/σ_d) Σ_{e≠d} H_de·γ_e·(y_e − C_de·y_d),   C = YYᵀ/n
 *
 * Channel d receives only the part of channel e that is uncorrelated with channel d.
 * Source: docs/theory.md, section 4.
 *
 * @param hessian - H [D, D], row by row
 * @param gamma - γ [D]
 * @param standardized - result of `standardize` at x
 * @param layout - where the D groups lie in x
 * @returns ∂L_off/∂x, in the layout of x
 *
 * @example
 * ```ts
 * import { batchNormLayout, offDiagonalPassed, standardize } from "blindspot/theory";
 *
 * // Four samples of two uncorrelated channels: each receives the other.
 * const layout = batchNormLayout([4, 2]);
 * const standardized = standardize(Float64Array.of(-1, -1, -1, 1, 1, -1, 1, 1), layout);
 * const hessian = Float64Array.of(0, 1, 1, 0);
 * const passed = offDiagonalPassed(hessian, Float64Array.of(1, 1), standardized, layout);
 * console.log(passed); // [-1, -1, 1, -1, -1, 1, 1, 1]
 * ```
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
  // Σ_{e≠d} H_de·γ_e·C_de: the multiple of y_d to subtract.
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

/**
 * The correlations C = YYᵀ/n between the groups of a layout.
 *
 * @param y - output of the standardization phase, dense, in C order
 * @param layout - where the D groups lie in `y`
 * @returns C [D, D], row by row
 *
 * @example
 * ```ts
 * import { batchNormLayout, correlationsOf } from "blindspot/theory";
 *
 * // Two samples of two channels; the second channel is the negative of the first.
 * const y = Float64Array.of(-1, 1, 1, -1);
 * console.log(correlationsOf(y, batchNormLayout([2, 2]))); // [1, -1, -1, 1]
 * ```
 */
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
