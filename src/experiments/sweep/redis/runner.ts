import { setTimeout as sleep } from "node:timers/promises";
import type { Queue, Job as Queued } from "bullmq";
import { keyOf } from "../grid.js";
import type { Job, Outcome } from "../job.js";
import type { Runner } from "../runner.js";
import { PREFIX, QUEUE, type QueuedJob } from "./queue.js";
import { checkServer, type Server } from "./server.js";

/** A job whose process or worker fails for reasons of its own is tried so often. */
const ATTEMPTS = 3;

/** Results that no sweep asks for are forgotten after a week. */
const KEPT_SECONDS = 7 * 24 * 3600;

/** Between two looks at the jobs that are open, and a little more for each of them. */
const POLL_MS = 400;

/** Between two looks at whether there are workers. */
const WORKERS_MS = 10_000;

type SweepQueue = Queue<QueuedJob, Outcome>;

/**
 * Queues jobs on a Redis server, which must answer now, and waits for workers to do them. Looks at the queue rather than listening to it: a
 * connection that was lost, a sweep that was stopped and resumed or a server that forgot its data need nothing else.
 * A result is removed from the server once it is kept in the folder of the sweep; before that it stays, after that
 * it is not asked for. Aborted, it withdraws the jobs that no worker has begun.
 */
export async function redisRunner(server: Server): Promise<Runner> {
  await checkServer(server);
  return async (jobs, { out, id, signal, onProgress, onOutcome }) => {
    const { Queue } = await import("bullmq");
    const queue: SweepQueue = new Queue(QUEUE, { connection: { ...server.options }, prefix: PREFIX });
    queue.on("error", (error) => onProgress(server.shown, `${error.message}; trying again`));
    const open = new Map(jobs.map((job) => [`${id}+${keyOf(job)}`, job]));
    try {
      await withdraw(queue, [...open.keys()], (queued) => queued.isFailed());
      await submit(queue, open, { out, id });
      let looked = -Infinity;
      while (open.size > 0) {
        for (const [jobId, job] of open) {
          signal.throwIfAborted();
          const queued: Queued<QueuedJob, Outcome> | undefined = await queue.getJob(jobId);
          if (queued === undefined) await submit(queue, new Map([[jobId, job]]), { out, id });
          else if (queued.finishedOn !== undefined && (await collect(queued, job, onOutcome)))
            open.delete(jobId);
          else if (typeof queued.progress === "string") onProgress(keyOf(job), queued.progress);
        }
        if (performance.now() - looked > WORKERS_MS) {
          looked = performance.now();
          if ((await queue.getWorkersCount()) === 0)
            onProgress(server.shown, "no worker is there; start one: blindspot worker --redis …");
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

async function submit(
  queue: SweepQueue,
  jobs: ReadonlyMap<string, Job>,
  { out, id }: { readonly out: string; readonly id: string },
): Promise<void> {
  await queue.addBulk(
    [...jobs].map(([jobId, job]) => ({
      name: job.experiment,
      data: { sweep: id, out, job },
      // One that is there under this id already is left as it is.
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

/** Hands over what came of a job that has ended for good, then forgets it. */
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
      : { status: "failed", message: queued.failedReason ?? "for no reason given", exitCode: 3 },
  );
  await queued.remove();
  return true;
}

/** Removes those of the jobs that are so, and that no worker is doing. */
async function withdraw(
  queue: SweepQueue,
  ids: readonly string[],
  which: (queued: Queued<QueuedJob, Outcome>) => Promise<boolean>,
): Promise<void> {
  for (const id of ids) {
    const queued = await queue.getJob(id);
    // A job that a worker holds is locked: it ends, and its result waits for the sweep to be resumed.
    if (queued && (await which(queued))) await queued.remove().catch(() => {});
  }
}
