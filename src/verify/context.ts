import { Random } from "../base/random.js";
import { allKinds, type Case, type CaseKind, sampleCase } from "./cases.js";
import { type LossMaker, losses as ownLosses } from "./losses.js";
import type { CheckResult } from "./result.js";
import type { Subject } from "./subject.js";

/** One statement and its test. */
export interface Check {
  /** Also seeds the random numbers of the check. */
  readonly id: string;
  /** In words, short enough for one line of a terminal. */
  readonly statement: string;
  /** The paper or the section of docs/theory.md that makes the statement. */
  readonly source: string;
  /** The relation between a recorded value and its bound that must hold. */
  readonly relation: CheckResult["relation"];
  /** Tries random cases of the context and records a value and a bound for each. */
  run(context: Context): void | Promise<void>;
}

/** Settings that all checks of a run share. */
export interface RunSettings {
  /** The code under test. */
  readonly subject: Subject;
  /** Random cases per check. */
  readonly trials: number;
  readonly seed: number;
  /** Losses for the checks that expand whole losses. Default: `losses`. */
  readonly losses?: Readonly<Record<string, LossMaker>>;
}

/**
 * The inputs of a check, and the record of its values. Each check has random numbers of its own.
 */
export class Context {
  readonly random: Random;
  private tried = 0;
  private nearest: { value: number; bound: number; where: string; margin: number } | null = null;
  private failed = false;

  readonly subject: Subject;
  readonly trials: number;
  readonly losses: Readonly<Record<string, LossMaker>>;

  constructor(
    readonly check: Check,
    { subject, trials, seed, losses = ownLosses }: RunSettings,
  ) {
    this.subject = subject;
    this.trials = trials;
    this.losses = losses;
    this.random = new Random(seedFor(check.id, seed));
  }

  /** One random case per trial, of each kind in turn. Draws again until a case suits. */
  *cases(
    kinds: readonly CaseKind[] = allKinds,
    { trials = this.trials, suits = () => true }: { trials?: number; suits?: (c: Case) => boolean } = {},
  ): Generator<Case> {
    for (let trial = 0; trial < trials; trial++) {
      let sample: Case;
      do sample = sampleCase(kinds[trial % kinds.length], this.random);
      while (!suits(sample));
      this.countTrial();
      yield sample;
    }
  }

  /** One of `choices`, at random. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.random.below(choices.length)];
  }

  /** Standard normal numbers. */
  normals(count: number): Float64Array {
    return Float64Array.from({ length: count }, () => this.random.normal());
  }

  /** Counts a trial of a check that makes its own cases. */
  countTrial(): void {
    this.tried++;
  }

  /**
   * Records a value, its bound, and the case in words. Keeps the value that is closest to its
   * bound.
   */
  record(value: number, bound: number, where: () => string): void {
    const holds = this.check.relation === "at least" ? value >= bound : value <= bound;
    if (!holds) this.failed = true;
    const margin = this.marginOf(value, bound);
    if (this.nearest === null || margin > this.nearest.margin)
      this.nearest = { value, bound, where: where(), margin };
  }

  /** The margin: below 1 within the bound, above 1 beyond it. NaN gives infinity. */
  private marginOf(value: number, bound: number): number {
    const margin = this.check.relation === "at least" ? bound / value : value / bound;
    if (value === 0 && bound === 0) return 0;
    return Number.isNaN(margin) ? Number.POSITIVE_INFINITY : margin;
  }

  result(): CheckResult {
    const { id, statement, source, relation } = this.check;
    const { value, bound, where } = this.nearest ?? {
      value: Number.NaN,
      bound: 0,
      where: "nothing was tried",
    };
    return {
      id,
      statement,
      source,
      relation,
      trials: this.tried,
      worst: Number.isFinite(value) ? value : null,
      bound,
      pass: this.nearest !== null && !this.failed,
      detail: where,
    };
  }
}

/** A seed per check. A new check then leaves the cases of the other checks as they are. */
export const seedFor = (id: string, seed: number): number =>
  [...id].reduce((hash, c) => Math.imul(hash ^ c.charCodeAt(0), 0x01000193), seed);
