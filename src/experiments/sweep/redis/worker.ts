import { join } from "node:path";
import type { Job as Queued } from "bullmq";
import { cellOf, keyOf } from "../grid.js";
import type { Outcome } from "../job.js";
import { runInProcess, threadsFor } from "../process.js";
import { sweepIn } from "../record.js";
import { loadBullmq } from "./clients.js";
import { PREFIX, QUEUE, type QueuedJob } from "./queue.js";
import { checkServer, type Server } from "./server.js";

/** How a worker works. */
export interface WorkerOptions {
  readonly server: Server;
  /** Jobs at the same time, each in a process of its own. */
  readonly processes: number;
  /** The folder for the runs of sweeps whose own folder this machine does not see. */
  readonly folder: string;
  /** Seconds of silence after which other workers take the jobs of this worker. */
  readonly stalledAfter: number;
  readonly dataDir?: string;
  /** Aborted to stop the worker. It then returns its jobs to the queue and resolves. */
  readonly signal: AbortSignal;
  /** Called with messages that the next message may replace. */
  readonly onProgress: (message: string) => void;
  /** Called with messages that a log should keep. */
  readonly onNote: (message: string) => void;
}

/**
 * How many workers may die during a job before it counts as failed. The job itself may be what
 * kills them.
 */
const DEATHS = 5;

/** Aborts a job that the worker returns to the queue. */
class HandedBack extends Error {}

/**
 * Does jobs from the queue until it is stopped. Where this machine sees the folder of the sweep, a
 * job continues from its last checkpoint in that folder; otherwise it is done in `folder`. The
 * results return through the queue in both cases. When a worker dies, another worker takes its jobs
 * after their locks have expired.
 *
 * @throws UserError where the server does not answer or the client packages are missing.
 */
export async function work(options: WorkerOptions): Promise<void> {
  const { server, processes, stalledAfter, signal, onNote } = options;
  const { Worker, WaitingError } = await loadBullmq();
  await checkServer(server);
  const held = new Map<string, AbortController>();
  const handBack = () => {
    for (const controller of held.values()) controller.abort(new HandedBack());
  };
  const worker = new Worker<QueuedJob, Outcome>(
    QUEUE,
    async (queued, token) => {
      const key = keyOf(queued.data.job);
      // Only a job that is not in a queue yet has no id.
      const id = queued.id!;
      const controller = new AbortController();
      held.set(id, controller);
      try {
        if (signal.aborted) throw new HandedBack();
        onNote(`${key}: begun`);
        const outcome = await perform(queued, controller.signal, options);
        onNote(`${key}: ${outcome.status === "done" ? "done" : `failed: ${outcome.message}`}`);
        // Exit code 3 is a fault of this machine or of blindspot. Another attempt may succeed.
        if (outcome.status === "failed" && outcome.exitCode === 3) throw new Error(outcome.message);
        return outcome;
      } catch (error) {
        if (!(error instanceof HandedBack)) throw error;
        await queued.moveToWait(token);
        onNote(`${key}: handed back`);
        throw new WaitingError();
      } finally {
        held.delete(id);
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
  worker.on("stalled", (id) =>
    onNote(`${id.split("+").at(-1)}: its worker is gone, the job is in the queue again`),
  );
  // Another worker may have taken these jobs, and two processes must not write into one folder.
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

/** Does a job in a process of its own and reports its progress. */
async function perform(
  queued: Queued<QueuedJob, Outcome>,
  signal: AbortSignal,
  { folder, dataDir, processes, onProgress, onNote }: WorkerOptions,
): Promise<Outcome> {
  const { sweep, out, job } = queued.data;
  const key = keyOf(job);
  const home = sweepIn(out) === sweep ? out : join(folder, sweep);
  let noted = false;
  return runInProcess(job, {
    ...{ dataDir, signal, threads: threadsFor(processes), folder: join(home, cellOf(job)) },
    onProgress: (message) => {
      // The first message of a job says whether it continues from a checkpoint.
      if (noted) onProgress(`${key}: ${message}`);
      else onNote(`${key}: ${message}`);
      noted = true;
      queued.updateProgress(message).catch(() => {});
    },
  });
}
