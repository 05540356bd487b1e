import type { ClaimResult, Measurement, Scale } from "../result.js";

/** The result of a sweep, `sweep.json`. */
export interface SweepResult {
  readonly schema: "blindspot.sweep/1";
  readonly tool: { readonly name: "blindspot"; readonly version: string };
  readonly experiment: string;
  readonly title: string;
  readonly scale: Scale;
  /** The values of each setting that was varied, but for norms and seeds. */
  readonly settings: Readonly<Record<string, readonly string[]>>;
  readonly norms: readonly string[];
  readonly seeds: readonly number[];
  readonly cells: readonly CellResult[];
  readonly failures: readonly Failure[];
}

/** One combination of settings: the measurements and claims of the experiment run with it. */
export interface CellResult {
  /** Such as `batch=32,rate=0.01`: the folder with its runs, `result.json` and figures. */
  readonly name: string;
  readonly overrides: Readonly<Record<string, string>>;
  /** Those of which every seed is done; the others are left out. */
  readonly norms: readonly string[];
  readonly measurements: readonly Measurement[];
  readonly claims: readonly ClaimResult[];
  readonly trainingMs: number;
}

/** A job that failed, and why. */
export interface Failure {
  readonly cell: string;
  readonly norm: string | null;
  readonly seed: number;
  readonly message: string;
  readonly exitCode: number;
}
