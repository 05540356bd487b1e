import { join } from "node:path";
import { cellOf, keyOf } from "./grid.js";
import type { Job } from "./job.js";
import { runInProcess, threadsFor } from "./process.js";
import type { Runner } from "./runner.js";

/** How many processes, and where the data sets are. */
export interface LocalOptions {
  /** Jobs that run at the same time. */
  readonly processes: number;
  readonly dataDir?: string;
}

/** Does jobs in processes of this machine. Each process gets its share of the cores. */
export const localRunner =
  ({ processes, dataDir }: LocalOptions): Runner =>
  async (jobs, { out, signal, onProgress, onOutcome }) => {
    const queue = [...jobs];
    const threads = threadsFor(Math.min(processes, jobs.length));
    const next = async (job: Job) => {
      const key = keyOf(job);
      const folder = join(out, cellOf(job));
      const report = (message: string) => onProgress(key, message);
      onOutcome(job, await runInProcess(job, { folder, dataDir, threads, signal, onProgress: report }));
    };
    const worker = async () => {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) await next(job);
    };
    await Promise.all(Array.from({ length: Math.min(processes, jobs.length) }, worker));
  };
