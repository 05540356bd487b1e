import { join } from "node:path";
import type { NormName } from "../../nn/index.js";
import type { FinishedRun } from "../experiment.js";
import { prepare } from "../reproduce.js";
import type { Scale } from "../result.js";
import type { Overrides } from "../settings.js";

/** The part of an experiment that one process does: one norm with one seed. */
export interface Job {
  readonly experiment: string;
  readonly scale: Scale;
  readonly overrides: Overrides;
  /** null where the experiment compares no norms. */
  readonly norm: NormName | null;
  readonly seed: number;
}

/** The outcome of a job: its runs by name, or why it failed. */
export type Outcome =
  | { readonly status: "done"; readonly runs: Readonly<Record<string, FinishedRun>> }
  | { readonly status: "failed"; readonly message: string; readonly exitCode: number };

/** Where and how a job is done. */
export interface JobOptions {
  /** Contains the folder `runs`. The experiment continues the runs in it. */
  readonly folder: string;
  readonly dataDir?: string;
  readonly onProgress: (message: string) => void;
}

/** Does a job in this process and returns its runs by name. */
export async function runJob(
  job: Job,
  { folder, dataDir, onProgress }: JobOptions,
): Promise<Record<string, FinishedRun>> {
  const { scale, overrides, seed } = job;
  const norms = job.norm === null ? undefined : [job.norm];
  const prepared = await prepare(job.experiment, { scale, overrides, norms });
  const runs: Record<string, FinishedRun> = {};
  await prepared.experiment.run({
    settings: prepared.settings,
    norms: prepared.norms,
    seeds: [seed],
    folder: join(folder, "runs"),
    resume: true,
    dataDir,
    onProgress,
    onRun: (name, run) => {
      runs[name] = run;
    },
  });
  return runs;
}
