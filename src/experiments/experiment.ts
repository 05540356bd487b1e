import type { NormName } from "../nn/index.js";
import type { ClaimResult, Cloud, Curve, Estimate, Picture } from "./result.js";
import type { Settings, SettingsTable } from "./settings.js";

/**
 * An experiment: the norms that it compares, its settings, and the function that runs it and
 * decides its claims.
 */
export interface Experiment<S extends Settings = Settings> {
  /**
   * The norms that are compared unless `--norms` names others. Empty where the experiment compares
   * no norms.
   */
  readonly norms: readonly NormName[];
  /** The norms that the experiment can use. Default: every norm that applies to features. */
  readonly onlyNorms?: readonly NormName[];
  readonly settings: SettingsTable<S>;
  /**
   * Makes one run for every condition and seed, then decides the claims. `runConditions` keeps each
   * run in a folder that is named after its condition and seed, so an experiment also finds the
   * runs that the jobs of a sweep made.
   */
  run(context: ExperimentContext<S>): Promise<Findings>;
}

/** What an experiment is run with. */
export interface ExperimentContext<S extends Settings = Settings> {
  /** The settings of the scale, with the overridden values in their place. */
  readonly settings: S;
  readonly seeds: readonly number[];
  readonly norms: readonly NormName[];
  /** The folder for the runs. Each run has a folder in it with checkpoint, metrics and summary. */
  readonly folder: string;
  /** Keep finished runs and continue unfinished runs. */
  readonly resume: boolean;
  /** The folder with the data sets. Default: a cache that downloads fill. */
  readonly dataDir?: string;
  readonly onProgress: (message: string) => void;
  /** Called with every finished run, also with runs that were finished before. */
  readonly onRun?: (name: string, run: FinishedRun) => void;
}

/** A finished run, as in `summary.json` in the folder of the run. */
export interface FinishedRun<Summary = unknown> {
  /** JSON of everything that the run depends on. */
  readonly settings: string;
  readonly elapsedMs: number;
  readonly summary: Summary;
}

/** What an experiment found. */
export interface Findings {
  readonly claims: readonly ClaimResult[];
  /** Every quantity under every condition. */
  readonly measurements: readonly Estimate[];
  readonly curves: readonly Curve[];
  readonly clouds: readonly Cloud[];
  readonly pictures?: readonly Picture[];
  /** Milliseconds that all runs took. */
  readonly trainingMs: number;
}
