import { deviationOf, meanOf } from "../base/statistics.js";
import type { Claim, ClaimResult, Outcome, Sample } from "./result.js";

/** The values with their mean and unbiased standard deviation. */
export const sampleOf = (values: readonly number[]): Sample => ({
  values,
  mean: meanOf(values),
  deviation: deviationOf(values),
});

/**
 * Decides a claim by the 95 % confidence interval of its value over the seeds (Student's t). The
 * claim is confirmed where it holds in the whole interval and not confirmed where it holds nowhere
 * in the interval. Otherwise, and with a single seed, it is undecided.
 */
export function decide(claim: Claim, values: readonly number[]): ClaimResult {
  return decideBy(claim, values, confidenceInterval(sampleOf(values)));
}

/** Decides a claim as `decide` does, by an interval that was found in another way. */
export function decideBy(
  claim: Claim,
  values: readonly number[],
  interval: readonly [number, number] | null,
): ClaimResult {
  return { ...claim, ...sampleOf(values), interval, outcome: outcomeOf(claim, interval) };
}

function outcomeOf({ relation, bound }: Claim, interval: readonly [number, number] | null): Outcome {
  if (interval === null) return "undecided";
  const holds = (value: number) => (relation === "at least" ? value >= bound : value <= bound);
  const [low, high] = interval.map(holds);
  return low === high ? (low ? "confirmed" : "not confirmed") : "undecided";
}

function confidenceInterval({ values, mean, deviation }: Sample): [number, number] | null {
  if (deviation === null) return null;
  const half = (studentQuantile(values.length - 1) * deviation) / Math.sqrt(values.length);
  return [mean - half, mean + half];
}

/** 97.5 % quantiles of Student's t distribution for 1, 2, …, 30 degrees of freedom. */
const QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * The quantile for a number of degrees of freedom. Above 30 the value of 30 is used, which is
 * slightly too wide.
 */
const studentQuantile = (degrees: number): number => QUANTILES[Math.min(degrees, QUANTILES.length) - 1];

/**
 * Share of the pairs (a, b) with a < b. Ties count half. Source: Mann and Whitney's U, divided by
 * its maximum.
 */
export function smallerShare(as: readonly number[], bs: readonly number[]): number {
  let total = 0;
  for (const a of as) for (const b of bs) total += a < b ? 1 : a === b ? 0.5 : 0;
  return total / (as.length * bs.length);
}
