import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Job, JobOptions, Outcome } from "./job.js";

/** What the process of a job is sent, once. */
export interface Assignment extends Pick<JobOptions, "folder" | "dataDir"> {
  readonly job: Job;
}

/** What it sends back. */
export interface Report {
  readonly progress?: string;
  readonly outcome?: Outcome;
}

export interface ProcessOptions extends JobOptions {
  /** Of one process: see `threadsFor`. */
  readonly threads: number;
  /** Ends the process; its last checkpoint stays. */
  readonly signal: AbortSignal;
}

/** How many jobs run side by side unless told: a core each, as their networks are small. */
export const defaultJobs = (): number => availableParallelism();

/** Threads of each of so many processes, such that together they do not take more than there are cores. */
export const threadsFor = (processes: number): number =>
  Math.max(1, Math.floor(availableParallelism() / processes));

/** Does a job in a process of its own. Throws the signal's reason once it is aborted and the process has ended. */
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
  let complaints = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-2000);
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
  return { status: "failed", message: `its process ${how} ${complaints.trim()}`.trim(), exitCode: 3 };
}
