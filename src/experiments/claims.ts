import type { Claim, ClaimResult } from "./result.js";
import { decide } from "./statistics.js";

/** One claim of an experiment with everything that is needed to decide it. */
export interface ClaimEntry<Condition, Summary> extends Claim {
  /**
   * Where the claim comes from: a theorem or an experiment of the paper, or "here" for our own
   * question.
   */
  readonly source: string;
  /** The conditions that the claim compares. */
  readonly conditions: readonly Condition[];
  /**
   * The value for one seed, computed from the summaries of its runs in the order of `conditions`.
   */
  readonly value: (...runs: Summary[]) => number;
}

/** The claims of an experiment, in the order in which they are reported. */
export type ClaimTable<Condition, Summary> = readonly ClaimEntry<Condition, Summary>[];

/** The claim holds where the value is `bound` or larger. */
export const atLeast = (bound: number) => ({ relation: "at least", bound }) as const;

/** The claim holds where the value is `bound` or smaller. */
export const atMost = (bound: number) => ({ relation: "at most", bound }) as const;

/**
 * Decides every claim whose conditions were all run. Runs are compared seed by seed; `decide` turns
 * the values of the seeds into an outcome.
 *
 * @param table the claims.
 * @param summariesOf the summaries of a condition in the order of the seeds; undefined where it was
 * not run.
 */
export function decideClaims<Condition, Summary>(
  table: ClaimTable<Condition, Summary>,
  summariesOf: (condition: Condition) => readonly Summary[] | undefined,
): ClaimResult[] {
  return table.flatMap(({ conditions, value, source, ...claim }) => {
    const runs = conditions.map(summariesOf);
    if (!runs.every((summaries) => summaries !== undefined)) return [];
    const values = runs[0].map((_, seed) => value(...runs.map((summaries) => summaries[seed])));
    return [decide(claim, values)];
  });
}
