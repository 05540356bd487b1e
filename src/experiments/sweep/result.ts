import type { ClaimResult, Estimate, Scale } from "../result.js";

/** The result of a sweep, as in `sweep.json`. */
export interface SweepResult {
  readonly schema: "blindspot.sweep/1";
  readonly tool: { readonly name: "blindspot"; readonly version: string };
  readonly experiment: string;
  readonly title: string;
  readonly scale: Scale;
  /** The values of each varied setting. Norms and seeds are listed apart. */
  readonly settings: Readonly<Record<string, readonly string[]>>;
  readonly norms: readonly string[];
  readonly seeds: readonly number[];
  readonly cells: readonly CellResult[];
  readonly failures: readonly Failure[];
}

/** One combination of settings, with the numbers and claims of the experiment. */
export interface CellResult {
  /**
   * Such as `batch=32,rate=0.01`. The folder of that name has the runs, `result.json` and figures.
   */
  readonly name: string;
  readonly overrides: Readonly<Record<string, string>>;
  /** The norms that have every seed. Other norms are left out. */
  readonly norms: readonly string[];
  readonly measurements: readonly Estimate[];
  readonly claims: readonly ClaimResult[];
  readonly trainingMs: number;
}

/** A job that failed. */
export interface Failure {
  readonly cell: string;
  readonly norm: string | null;
  readonly seed: number;
  readonly message: string;
  readonly exitCode: number;
}
