import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Job, JobOptions, Outcome } from "./job.js";

/** The message that a job's process receives. */
export interface Assignment extends Pick<JobOptions, "folder" | "dataDir"> {
  readonly job: Job;
}

/** A message that a job's process sends. */
export interface Report {
  readonly progress?: string;
  readonly outcome?: Outcome;
}

/** How a job's process is run. */
export interface ProcessOptions extends JobOptions {
  /** Threads of this process: see `threadsFor`. */
  readonly threads: number;
  /** Aborted to end the process. Its last checkpoint remains. */
  readonly signal: AbortSignal;
}

/** Default number of jobs at the same time. Their networks are small, so each job gets one core. */
export const defaultJobs = (): number => availableParallelism();

/**
 * Threads for each of several processes, so that together they do not use more threads than there
 * are cores.
 */
export const threadsFor = (processes: number): number =>
  Math.max(1, Math.floor(availableParallelism() / processes));

/**
 * Does a job in a process of its own. After an abort it waits for the process to end and throws the
 * signal's reason.
 */
export async function runInProcess(
  job: Job,
  { folder, dataDir, onProgress, threads, signal }: ProcessOptions,
): Promise<Outcome> {
  signal.throwIfAborted();
  const child = fork(fileURLToPath(new URL("./job-process.js", import.meta.url)), {
    env: { ...process.env, BLINDSPOT_THREADS: String(threads) },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const end = () => child.kill("SIGKILL");
  signal.addEventListener("abort", end);
  let outcome: Outcome | undefined;
  let errors = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-2000);
  });
  child.on("message", ({ progress, outcome: last }: Report) => {
    if (progress !== undefined) onProgress(progress);
    outcome = last ?? outcome;
  });
  child.send({ job, folder, dataDir } satisfies Assignment);
  const [code, killedBy] = await once(child, "close");
  signal.removeEventListener("abort", end);
  if (outcome !== undefined) return outcome;
  signal.throwIfAborted();
  const how = killedBy === null ? `exited with ${code}` : `was killed by ${killedBy}`;
  return { status: "failed", message: `its process ${how} ${errors.trim()}`.trim(), exitCode: 3 };
}
