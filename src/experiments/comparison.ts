import type { Claim, ClaimResult } from "./result.js";
import { decide } from "./statistics.js";

/** Decides claims by what runs of one seed come to, under one condition or under several. */
export class Comparison<Condition, Summary> {
  /** The claims decided so far: those about conditions that were run. */
  readonly decided: ClaimResult[] = [];

  /** `summariesOf` gives the summaries of a condition, one for every seed; undefined where it was not run. */
  constructor(private readonly summariesOf: (condition: Condition) => readonly Summary[] | undefined) {}

  /** Decides `claim` by `of` the summaries of these conditions, seed by seed. */
  add(claim: Claim, conditions: readonly Condition[], of: (...runs: readonly Summary[]) => number): void {
    const runs = conditions.map(this.summariesOf);
    if (!runs.every((summaries) => summaries !== undefined)) return;
    const values = runs[0].map((_, seed) => of(...runs.map((summaries) => summaries[seed]!)));
    this.decided.push(decide(claim, values));
  }
}
