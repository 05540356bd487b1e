import { version } from "../../../base/version.js";
import type { Job } from "../job.js";

/**
 * The name of the queue. It has the version, so that workers of another version, whose results may
 * differ, take no jobs.
 */
export const QUEUE = `sweep-${version}`;

/** The prefix of all keys on the server. */
export const PREFIX = "blindspot";

/** A job in the queue. */
export interface QueuedJob {
  /** The id of the sweep. */
  readonly sweep: string;
  /** The folder of the sweep on the machine that started it. */
  readonly out: string;
  readonly job: Job;
}
