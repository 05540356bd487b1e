import type { NormName } from "../nn/index.js";
import type { ClaimResult, Cloud, Curve, Measurement, Picture } from "./result.js";
import type { Settings, SettingsTable } from "./settings.js";

/** An experiment of the paper: what it does is in `run`, what it claims comes back decided. */
export interface Experiment<S extends Settings = Settings> {
  /** What is compared unless `--norms` says otherwise; none where the experiment compares no norms. */
  readonly norms: readonly NormName[];
  /** The only norms that it can use; any norm of features where this is left out. */
  readonly onlyNorms?: readonly NormName[];
  readonly settings: SettingsTable<S>;
  /**
   * One training run for every norm and seed (and what else the experiment compares), each kept by `once` in a folder
   * whose name holds norm and seed: runs made apart, by the jobs of a sweep, are found there and judged together.
   */
  run(context: ExperimentContext<S>): Promise<Findings>;
}

export interface ExperimentContext<S extends Settings = Settings> {
  /** Those of the scale, or what is set in their place. */
  readonly settings: S;
  readonly seeds: readonly number[];
  readonly norms: readonly NormName[];
  /** Where the runs keep their checkpoints, metrics and summaries. */
  readonly folder: string;
  /** Keep runs that are done, go on with those that are not. */
  readonly resume: boolean;
  readonly dataDir?: string;
  readonly onProgress: (message: string) => void;
  /** Told of every run that is done, or was before. */
  readonly onRun?: (name: string, run: FinishedRun) => void;
}

/** One training run of an experiment when it is done: kept as `summary.json` in the run's folder. */
export interface FinishedRun<Summary = unknown> {
  /** Everything that the run depends on, as text. */
  readonly settings: string;
  readonly elapsedMs: number;
  readonly summary: Summary;
}

export interface Findings {
  readonly claims: readonly ClaimResult[];
  readonly measurements: readonly Measurement[];
  readonly curves: readonly Curve[];
  readonly clouds: readonly Cloud[];
  readonly pictures?: readonly Picture[];
  readonly trainingMs: number;
}
