import type { Job, Outcome } from "./job.js";

/** Sees to it that every job is done, here or elsewhere. */
export type Runner = (jobs: readonly Job[], hooks: RunnerHooks) => Promise<void>;

export interface RunnerHooks {
  /** The folder of the sweep; a job's runs are kept in the folder of its cell. */
  readonly out: string;
  /** Tells this sweep from all others. */
  readonly id: string;
  /** Aborted when the sweep is to stop: the runner leaves everything so that it can be resumed, and throws. */
  readonly signal: AbortSignal;
  readonly onProgress: (key: string, message: string) => void;
  /** Told of every job when it is done or has failed. */
  readonly onOutcome: (job: Job, outcome: Outcome) => void;
}
