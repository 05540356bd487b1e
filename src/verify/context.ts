import { Random } from "../base/random.js";
import { allKinds, type Case, type CaseKind, sampleCase } from "./cases.js";
import { type LossMaker, losses as ownLosses } from "./losses.js";
import type { CheckResult } from "./result.js";
import type { Subject } from "./subject.js";

/** One statement, and how it is put to the test. */
export interface Check {
  readonly id: string;
  /** In words, short enough for one line of a terminal. */
  readonly statement: string;
  /** Where the statement comes from. */
  readonly source: string;
  readonly relation: CheckResult["relation"];
  run(context: Context): void | Promise<void>;
}

/** What a check gets to work with, and where it records what it saw. Its random numbers are its own. */
export class Context {
  readonly random: Random;
  private tried = 0;
  private nearest: { value: number; bound: number; where: string; margin: number } | null = null;
  private failed = false;

  constructor(
    readonly check: Check,
    readonly subject: Subject,
    readonly trials: number,
    seed: number,
    /** Losses to expand, for the checks that need whole ones. */
    readonly losses: Readonly<Record<string, LossMaker>> = ownLosses,
  ) {
    this.random = new Random(seedFor(check.id, seed));
  }

  /** Random cases, one a trial, of all kinds (or those given) in turn; only such as suit, where that is asked. */
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

  /** For checks that make their own cases. */
  countTrial(): void {
    this.tried++;
  }

  /** One measured value, the bound it has to keep, and the case in words. */
  record(value: number, bound: number, where: () => string): void {
    const holds = this.check.relation === "at least" ? value >= bound : value <= bound;
    if (!holds) this.failed = true;
    const margin = this.marginOf(value, bound);
    if (this.nearest === null || margin > this.nearest.margin)
      this.nearest = { value, bound, where: where(), margin };
  }

  /** 1 at the bound, more beyond it. Not a number counts as furthest beyond. */
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

/** Seeds differ by check as well, so that a new check does not change what the others try. */
export const seedFor = (id: string, seed: number): number =>
  [...id].reduce((hash, c) => Math.imul(hash ^ c.charCodeAt(0), 0x01000193), seed);
