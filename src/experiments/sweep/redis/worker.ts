import { join } from "node:path";
import type { Job as Queued } from "bullmq";
import { cellOf, keyOf } from "../grid.js";
import type { Outcome } from "../job.js";
import { runInProcess, threadsFor } from "../process.js";
import { sweepIn } from "../record.js";
import { PREFIX, QUEUE, type QueuedJob } from "./queue.js";
import { checkServer, type Server } from "./server.js";

export interface WorkerOptions {
  readonly server: Server;
  /** Jobs side by side, each in a process of its own. */
  readonly processes: number;
  /** Where runs are kept of sweeps whose own folder cannot be seen from this machine. */
  readonly folder: string;
  /** Seconds after which the jobs of a worker that is silent go to another. */
  readonly stalledAfter: number;
  readonly dataDir?: string;
  /** Aborted when the worker is to stop: it hands back its jobs and returns. */
  readonly signal: AbortSignal;
  readonly onProgress: (message: string) => void;
  /** What a log should keep. */
  readonly onNote: (message: string) => void;
}

/** So many workers may die on a job before it counts as failed: it may be the job that kills them. */
const DEATHS = 5;

class HandedBack extends Error {}

/**
 * Does jobs from the queue until told to stop. A job goes on from its last checkpoint where this machine sees the
 * folder of the sweep; else it is done in `folder`. Its runs go back through the queue in either case. A job whose
 * worker dies is taken by another once its lock has expired.
 */
export async function work(options: WorkerOptions): Promise<void> {
  const { server, processes, stalledAfter, signal, onNote } = options;
  await checkServer(server);
  const { Worker, WaitingError } = await import("bullmq");
  const held = new Map<string, AbortController>();
  const handBack = () => {
    for (const controller of held.values()) controller.abort(new HandedBack());
  };
  const worker = new Worker<QueuedJob, Outcome>(
    QUEUE,
    async (queued, token) => {
      const key = keyOf(queued.data.job);
      const controller = new AbortController();
      held.set(queued.id!, controller);
      try {
        if (signal.aborted) throw new HandedBack();
        onNote(`${key}: begun`);
        const outcome = await perform(queued, controller.signal, options);
        onNote(`${key}: ${outcome.status === "done" ? "done" : `failed: ${outcome.message}`}`);
        // Faults of this machine or of blindspot, which another attempt may not meet.
        if (outcome.status === "failed" && outcome.exitCode === 3) throw new Error(outcome.message);
        return outcome;
      } catch (error) {
        if (!(error instanceof HandedBack)) throw error;
        await queued.moveToWait(token);
        onNote(`${key}: handed back`);
        throw new WaitingError();
      } finally {
        held.delete(queued.id!);
      }
    },
    {
      connection: { ...server.options, maxRetriesPerRequest: null },
      prefix: PREFIX,
      concurrency: processes,
      lockDuration: stalledAfter * 1000,
      stalledInterval: stalledAfter * 1000,
      maxStalledCount: DEATHS,
      autorun: false,
    },
  );
  worker.on("error", ({ message }) => onNote(`${server.shown}: ${message}`));
  worker.on("stalled", (id) => onNote(`${id.split("+").at(-1)}: its worker is gone, back in the queue`));
  // Another worker may hold them by now, and two processes must not write into one folder.
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) held.get(id)?.abort(new Error("this worker was silent for too long"));
  });
  const stop = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const running = worker.run();
  onNote(`waiting for jobs on ${server.shown}, ${processes} at a time`);
  await Promise.race([stop, running]);
  handBack();
  await worker.close();
}

async function perform(
  queued: Queued<QueuedJob, Outcome>,
  signal: AbortSignal,
  { folder, dataDir, processes, onProgress, onNote }: WorkerOptions,
): Promise<Outcome> {
  const { sweep, out, job } = queued.data;
  const key = keyOf(job);
  const home = sweepIn(out) === sweep ? out : join(folder, sweep);
  let told = false;
  return runInProcess(job, {
    ...{ dataDir, signal, threads: threadsFor(processes), folder: join(home, cellOf(job)) },
    onProgress: (message) => {
      // The first message of a job tells whether it goes on from a checkpoint.
      if (told) onProgress(`${key}: ${message}`);
      else onNote(`${key}: ${message}`);
      told = true;
      queued.updateProgress(message).catch(() => {});
    },
  });
}
