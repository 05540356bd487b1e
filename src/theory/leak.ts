import type { BlockedShares } from "./blocked-shares/decomposition.js";

/** The leak ρ = ε/(v + ε) of a layer: the fraction of the direction y that ε lets through. */
export interface Leak {
  /** Mean over the groups. */
  readonly mean: number;
  /** Largest over the groups. */
  readonly max: number;
}

/**
 * The leak ρ = ε/σ² of a layer, from the divisors σ = √(v + ε) of its groups.
 * Source: docs/theory.md, section 2.
 *
 * @param sigma - σ, one number per group
 * @param epsilon - ε
 * @returns mean and largest ρ; ρ counts as 0 where σ = 0
 *
 * @example
 * ```ts
 * import { leakFromSigma } from "blindspot/theory";
 *
 * console.log(leakFromSigma([1, 2], 1)); // { mean: 0.625, max: 1 }
 * ```
 */
export function leakFromSigma(sigma: ArrayLike<number>, epsilon: number): Leak {
  return summarized(sigma.length, (group) => (sigma[group] === 0 ? 0 : epsilon / sigma[group] ** 2));
}

/**
 * The leak of a layer, from a recorded y alone: ρ = 1 − mean(y²). The rounding of y limits how
 * small a leak it can show.
 * Source: docs/theory.md, section 2.
 *
 * @param shares - the decomposition of the layer, whose `meanSquare` is used
 * @returns mean and largest ρ
 *
 * @example
 * ```ts
 * import { batchNormLayout, blockedShares, leakFromOutput, standardize } from "blindspot/theory";
 *
 * const layout = batchNormLayout([2, 1]);
 * // v = 1 and ε = 3, so ρ = 3/4.
 * const { y } = standardize(Float64Array.of(-1, 1), layout, { epsilon: 3 });
 * console.log(leakFromOutput(blockedShares(y, y, layout))); // { mean: 0.75, max: 0.75 }
 * ```
 */
export function leakFromOutput({ meanSquare }: BlockedShares): Leak {
  return summarized(meanSquare.length, (group) => Math.max(0, 1 - meanSquare[group]));
}

function summarized(groups: number, rho: (group: number) => number): Leak {
  let sum = 0;
  let max = 0;
  for (let group = 0; group < groups; group++) {
    const value = Math.min(1, rho(group));
    sum += value;
    max = Math.max(max, value);
  }
  return { mean: sum / groups, max };
}
