import type { BlockedShares } from "./blocked-shares.js";

/** Energies relative to the total: what is blocked, its two parts, and what pure noise would have blocked. */
export interface Shares {
  readonly blocked: number;
  readonly first: number;
  readonly diag: number;
  readonly chance: number;
}

/**
 * The blocked share of pure noise: blocked directions over elements, 2/n, or 1/n where nothing is centred
 * (RMS normalization blocks y alone). At most 1. Source: docs/theory.md, section 6.
 */
export function chanceLevel(elements: number, centred = true): number {
  return Math.min(1, (centred ? 2 : 1) / elements);
}

/** Shares of a whole layer: energies summed over groups, then divided. 0 where no gradient arrives at all. */
export function sharesOf({ total, elements, centred }: BlockedShares): Shares {
  const relative = (part: number) => (total.energy === 0 ? 0 : part / total.energy);
  return {
    blocked: relative(total.first + total.diag),
    first: relative(total.first),
    diag: relative(total.diag),
    chance: chanceLevel(elements, centred),
  };
}

/** Which axis a reported list runs over. */
export type ReportedAxis = "channel" | "group" | "sample";

/** How a per-group list becomes the list that a report shows. Groups of one sample are neighbours in memory. */
export interface Reported {
  readonly by: ReportedAxis;
  /** Length of the reported list. */
  readonly count: number;
}

/**
 * Sums energies per group into energies per reported item: over samples for instance normalization (channels)
 * and group normalization (groups), over the groups of each sample for layer and RMS normalization.
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
