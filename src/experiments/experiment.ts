import type { NormName } from "../nn/index.js";
import type { ClaimResult, Cloud, Curve, Measurement, Scale } from "./result.js";

/** An experiment of the paper: what it does is in `run`, what it claims comes back decided. */
export interface Experiment {
  readonly name: string;
  readonly title: string;
  /** What is compared unless `--norms` says otherwise. */
  readonly norms: readonly NormName[];
  /** Settings of a scale, as they go into the result. */
  settings(scale: Scale): Readonly<Record<string, unknown>>;
  run(context: ExperimentContext): Promise<Findings>;
}

export interface ExperimentContext {
  readonly scale: Scale;
  readonly seeds: readonly number[];
  readonly norms: readonly NormName[];
  /** Where the runs keep their checkpoints, metrics and summaries. */
  readonly folder: string;
  /** Keep runs that are done, go on with those that are not. */
  readonly resume: boolean;
  readonly dataDir?: string;
  readonly onProgress: (message: string) => void;
}

export interface Findings {
  readonly claims: readonly ClaimResult[];
  readonly measurements: readonly Measurement[];
  readonly curves: readonly Curve[];
  readonly clouds: readonly Cloud[];
  readonly trainingMs: number;
}
