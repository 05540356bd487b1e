import type { BlockedShares } from "./blocked-shares.js";

/** ρ = ε/(v + ε) over the groups of a layer: the fraction of the diagonal part that ε lets through. */
export interface Leak {
  readonly mean: number;
  readonly max: number;
}

/** The leak of groups with divisors σ = √(v + ε), since ρ = ε/σ². 0 where σ = 0. Source: docs/theory.md, section 2. */
export function leakFromSigma(sigma: ArrayLike<number>, epsilon: number): Leak {
  return summarized(sigma.length, (group) => (sigma[group] === 0 ? 0 : epsilon / sigma[group] ** 2));
}

/** The leak read off a standardized y, since mean(y²) = 1 − ρ; resolves no less than y's own rounding. */
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
