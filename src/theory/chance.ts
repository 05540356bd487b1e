import type { BlockedShares } from "./blocked-shares/decomposition.js";

/** Shares of the gradient energy E = ‖G‖² of a whole layer, each between 0 and 1. */
export interface Shares {
  /** first + diag. */
  readonly blocked: number;
  /** Share along 1: the same gradient for all elements of a group. */
  readonly first: number;
  /** Share along y: a gradient proportional to the output of the standardization. */
  readonly diag: number;
  /** Share that pure noise would lose. */
  readonly chance: number;
}

/** Options of `chanceLevel`. */
export interface ChanceOptions {
  /** False for RMS normalization, which subtracts no mean. Default true. */
  readonly centred?: boolean;
}

/**
 * The chance level: the blocked share of pure noise, which is blocked directions over elements.
 *
 * Centring normalizations block 2 of n directions, 1 and y. RMS normalization blocks y alone.
 * Source: docs/theory.md, section 6.
 *
 * @param elements - n, the elements per group
 * @param options - whether the normalization subtracts the mean
 * @returns 2/n, or 1/n where nothing is centred; at most 1
 *
 * @example
 * ```ts
 * import { chanceLevel } from "blindspot/theory";
 *
 * console.log(chanceLevel(64)); // 0.03125
 * console.log(chanceLevel(64, { centred: false })); // 0.015625
 * ```
 */
export function chanceLevel(elements: number, { centred = true }: ChanceOptions = {}): number {
  return Math.min(1, (centred ? 2 : 1) / elements);
}

/**
 * The shares of a whole layer: energies are summed over all groups, then divided by the total.
 *
 * @param shares - the decomposition of the layer, group by group
 * @returns the shares and their chance level; the shares are 0 where no gradient arrives
 *
 * @example
 * ```ts
 * import { batchNormLayout, blockedShares, sharesOf, standardize } from "blindspot/theory";
 *
 * const layout = batchNormLayout([4, 1]);
 * const { y } = standardize(Float64Array.of(1, 2, 3, 4), layout);
 * // The same gradient arrives at every sample: all of it is blocked.
 * const { blocked, chance } = sharesOf(blockedShares(y, Float64Array.of(1, 1, 1, 1), layout));
 * console.log(blocked, chance); // 1 0.5
 * ```
 */
export function sharesOf({ total, elements, centred }: BlockedShares): Shares {
  const relative = (part: number) => (total.energy === 0 ? 0 : part / total.energy);
  return {
    blocked: relative(total.first + total.diag),
    first: relative(total.first),
    diag: relative(total.diag),
    chance: chanceLevel(elements, { centred }),
  };
}

/** The chance level of `removed`, from `removedChance`. */
export interface RemovedChance {
  /** What `removed` would be if G were pure noise. */
  readonly chance: number;
  /** Standard error of `chance` where it is an estimate; null where it is exact. */
  readonly chanceSd: number | null;
}

/** Expected squared lengths of a weight gradient where G is white noise. */
export interface NoiseSums {
  /** E‖ΔW_open‖². */
  readonly open: number;
  /** E‖ΔW_first + ΔW_diag‖²: one exact number, or several independent estimates. */
  readonly removed: ArrayLike<number>;
}

/**
 * The chance level of `removed`: the removed part of a weight gradient, relative to the whole,
 * where white noise takes the place of G. A `removed` below this level says nothing about the loss.
 * Source: docs/theory.md, section 6.
 *
 * @param sums - the expected squared lengths
 * @returns the root of their ratio, with a standard error where `sums.removed` holds estimates;
 * null where no gradient can reach the weights or a number is not finite
 *
 * @example
 * ```ts
 * import { removedChance } from "blindspot/theory";
 *
 * console.log(removedChance({ open: 4, removed: [1] })); // { chance: 0.5, chanceSd: null }
 * console.log(removedChance({ open: 4, removed: [0.5, 1.5] })); // { chance: 0.5, chanceSd: 0.125 }
 * ```
 */
export function removedChance({ open, removed }: NoiseSums): RemovedChance | null {
  const estimates = Array.from(removed);
  const average = estimates.reduce((sum, x) => sum + x, 0) / estimates.length;
  const chance = Math.sqrt(average / open);
  if (!Number.isFinite(chance)) return null;
  if (estimates.length === 1) return { chance, chanceSd: null };
  const squares = estimates.reduce((sum, x) => sum + (x - average) ** 2, 0);
  const error = Math.sqrt(squares / (estimates.length - 1) / estimates.length);
  // The error of a root: half of the relative error of the square.
  return { chance, chanceSd: average === 0 ? 0 : (chance * error) / (2 * average) };
}

/**
 * How far `removed` is above its chance level, on a scale from 0 (what noise loses, or less) to 1
 * (all of it): the root of the share of the squared length beyond chance,
 * √((removed² − chance²)/(1 − chance²)). Equal to `removed` where noise would lose nothing.
 *
 * @param removed - the removed part, relative to the whole
 * @param chance - its chance level; from 1 on, nothing can be above it
 * @returns a number that is at least 0, and above 1 where `removed` exceeds 1
 *
 * @example
 * ```ts
 * import { overChance } from "blindspot/theory";
 *
 * console.log(overChance(0.8, 0)); // 0.8
 * console.log(overChance(0.85, 0.89)); // 0
 * ```
 */
export function overChance(removed: number, chance: number): number {
  if (chance >= 1 || removed <= chance) return 0;
  return Math.sqrt((removed ** 2 - chance ** 2) / (1 - chance ** 2));
}

/** The axis that a reported list runs over. */
export type ReportedAxis = "channel" | "group" | "sample";

/** How a list with one entry per group becomes the list that a report shows. */
export interface Reported {
  /** The axis of the reported list. */
  readonly by: ReportedAxis;
  /** Length of the reported list. */
  readonly count: number;
}

/**
 * Sums energies per group into energies per reported item.
 *
 * For instance and group normalization, the sum runs over samples and leaves one item per channel
 * or channel group. For layer and RMS normalization, the sum runs over the groups of each sample.
 * Groups of one sample are neighbours in memory.
 *
 * @param values - one number per group
 * @param reported - the axis and the length of the reported list
 * @returns `reported.count` sums
 * @throws RangeError where `reported.count` does not divide the number of groups
 *
 * @example
 * ```ts
 * import { sumGroups } from "blindspot/theory";
 *
 * // Two samples of three groups.
 * const energy = Float64Array.of(1, 2, 3, 10, 20, 30);
 * console.log(sumGroups(energy, { by: "channel", count: 3 })); // [11, 22, 33]
 * console.log(sumGroups(energy, { by: "sample", count: 2 })); // [6, 60]
 * ```
 */
export function sumGroups(values: Float64Array, { by, count }: Reported): Float64Array {
  if (values.length % count !== 0)
    throw new RangeError(`${values.length} groups do not divide into ${count} of ${by}`);
  const sums = new Float64Array(count);
  const perSample = values.length / count;
  for (let group = 0; group < values.length; group++)
    sums[by === "sample" ? Math.floor(group / perSample) : group % count] += values[group];
  return sums;
}
