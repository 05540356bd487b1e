import type { GroupLayout } from "../layout.js";
import type { FloatArray } from "../standardize.js";
import { BlockedSharesAccumulator, type BlockedSharesOptions } from "./accumulator.js";
import type { BlockedShares } from "./decomposition.js";

/**
 * The decomposition of a layer whose y and G fit in memory. For pieces, see
 * `BlockedSharesAccumulator`, which also gives the formulas.
 *
 * @param y - output of the standardization phase, dense, in C order
 * @param gradient - the cotangent G = ∂L/∂y, in the layout of `y`
 * @param layout - where the groups lie in both
 * @param options - whether the mean is subtracted, and the scale of G
 * @returns the decomposition, group by group and in total
 * @throws RangeError where y, G and the layout differ in size
 *
 * @example
 * ```ts
 * import { batchNormLayout, blockedShares } from "blindspot/theory";
 *
 * // One channel, four samples. G = 2 + y + (1, -1, -1, 1).
 * const y = Float64Array.of(-1, -1, 1, 1);
 * const gradient = Float64Array.of(2, 0, 2, 4);
 * const { total } = blockedShares(y, gradient, batchNormLayout([4, 1]));
 * console.log(total); // { energy: 24, first: 16, diag: 4, passed: 4 }
 * ```
 */
export function blockedShares(
  y: FloatArray,
  gradient: FloatArray,
  layout: GroupLayout,
  options: BlockedSharesOptions = {},
): BlockedShares {
  const accumulator = new BlockedSharesAccumulator(layout, options);
  accumulator.add(y, gradient);
  return accumulator.result();
}
