import type { Job, Outcome } from "./job.js";

/** Does jobs, on this machine or on others. It resolves when every job is done or has failed. */
export type Runner = (jobs: readonly Job[], hooks: RunnerHooks) => Promise<void>;

/** What a runner works with. */
export interface RunnerHooks {
  /** The folder of the sweep. The runs of a job go into the folder of its cell. */
  readonly out: string;
  /** An id that no other sweep has. */
  readonly id: string;
  /** Aborted to stop the sweep. The runner then throws and leaves a state that can be resumed. */
  readonly signal: AbortSignal;
  /** Called with the key of a job and a message. */
  readonly onProgress: (key: string, message: string) => void;
  /** Called with every job that is done or has failed. */
  readonly onOutcome: (job: Job, outcome: Outcome) => void;
}
