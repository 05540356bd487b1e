import { setTimeout as sleep } from "node:timers/promises";
import type { Queue, Job as Queued } from "bullmq";
import { keyOf } from "../grid.js";
import type { Job, Outcome } from "../job.js";
import type { Runner } from "../runner.js";
import { loadBullmq } from "./clients.js";
import { PREFIX, QUEUE, type QueuedJob } from "./queue.js";
import { checkServer, type Server } from "./server.js";

/** How often a job is tried when its process or its worker fails. */
const ATTEMPTS = 3;

/** The server removes a result that no sweep has fetched after a week. */
const KEPT_SECONDS = 7 * 24 * 3600;

/** Milliseconds from one check of the open jobs to the next. Each open job adds one. */
const POLL_MS = 400;

/** Milliseconds from one check for workers to the next. */
const WORKERS_MS = 10_000;

type SweepQueue = Queue<QueuedJob, Outcome>;

/**
 * A runner that queues jobs on a Redis server and waits until workers have done them.
 *
 * The runner polls the queue and listens to no events. A lost connection, a resumed sweep and a
 * server that lost its data therefore need no code of their own. A result is removed from the
 * server after it is kept in the folder of the sweep. After an abort the runner withdraws the jobs
 * that no worker has begun.
 *
 * @throws UserError where the server does not answer or the client packages are missing.
 */
export async function redisRunner(server: Server): Promise<Runner> {
  const { Queue } = await loadBullmq();
  await checkServer(server);
  return async (jobs, { out, id, signal, onProgress, onOutcome }) => {
    const queue: SweepQueue = new Queue(QUEUE, { connection: { ...server.options }, prefix: PREFIX });
    queue.on("error", (error) => onProgress(server.shown, `${error.message}; connecting again`));
    const open = new Map(jobs.map((job) => [`${id}+${keyOf(job)}`, job]));
    try {
      await withdraw(queue, [...open.keys()], (queued) => queued.isFailed());
      await submit(queue, open, { out, id });
      let workersChecked = -Infinity;
      while (open.size > 0) {
        for (const [jobId, job] of open) {
          signal.throwIfAborted();
          const queued: Queued<QueuedJob, Outcome> | undefined = await queue.getJob(jobId);
          if (queued === undefined) await submit(queue, new Map([[jobId, job]]), { out, id });
          else if (queued.finishedOn !== undefined && (await collect(queued, job, onOutcome)))
            open.delete(jobId);
          else if (typeof queued.progress === "string") onProgress(keyOf(job), queued.progress);
        }
        if (performance.now() - workersChecked > WORKERS_MS) {
          workersChecked = performance.now();
          if ((await queue.getWorkersCount()) === 0)
            onProgress(server.shown, "no worker is running; start one with blindspot worker --redis …");
        }
        if (open.size > 0) await sleep(POLL_MS + open.size, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      await withdraw(queue, [...open.keys()], async (queued) => !(await queued.isCompleted()));
      throw signal.reason;
    } finally {
      await queue.close();
    }
  };
}

/** Adds jobs to the queue. */
async function submit(
  queue: SweepQueue,
  jobs: ReadonlyMap<string, Job>,
  { out, id }: { readonly out: string; readonly id: string },
): Promise<void> {
  await queue.addBulk(
    [...jobs].map(([jobId, job]) => ({
      name: job.experiment,
      data: { sweep: id, out, job },
      // BullMQ keeps a job that is in the queue under this id.
      opts: {
        jobId,
        attempts: ATTEMPTS,
        backoff: { type: "exponential", delay: 1000 },
        removeOnComplete: { age: KEPT_SECONDS },
        removeOnFail: { age: KEPT_SECONDS },
      },
    })),
  );
}

/**
 * Passes on the outcome of a job that has ended, then removes the job. Returns whether the job has
 * ended.
 */
async function collect(
  queued: Queued<QueuedJob, Outcome>,
  job: Job,
  onOutcome: (job: Job, outcome: Outcome) => void,
): Promise<boolean> {
  const state = await queued.getState();
  if (state !== "completed" && state !== "failed") return false;
  onOutcome(
    job,
    state === "completed"
      ? queued.returnvalue
      : { status: "failed", message: queued.failedReason ?? "failed without a reason", exitCode: 3 },
  );
  await queued.remove();
  return true;
}

/** Removes the jobs for which `which` holds and that no worker has locked. */
async function withdraw(
  queue: SweepQueue,
  ids: readonly string[],
  which: (queued: Queued<QueuedJob, Outcome>) => Promise<boolean>,
): Promise<void> {
  for (const id of ids) {
    const queued = await queue.getJob(id);
    // A worker locks the job that it does. Such a job ends, and a resumed sweep fetches its result.
    if (queued && (await which(queued))) await queued.remove().catch(() => {});
  }
}
