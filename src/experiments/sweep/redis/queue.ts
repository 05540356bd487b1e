import { version } from "../../../base/version.js";
import type { Job } from "../job.js";

/** Workers of another version take no jobs of this one: what they made of them might differ. */
export const QUEUE = `sweep-${version}`;

/** Apart from whatever else is on the server. */
export const PREFIX = "blindspot";

/** What the queue holds of a job. */
export interface QueuedJob {
  readonly sweep: string;
  /** The folder of the sweep on the machine that it was started on. */
  readonly out: string;
  readonly job: Job;
}
