import { join } from "node:path";
import { version } from "../../base/version.js";
import { reproduce } from "../reproduce.js";
import { writeJson, writeText } from "../write-output.js";
import { csvOf } from "./csv.js";
import { type Cell, cellOf, cellsOf, type Grid, jobsOf, keyOf } from "./grid.js";
import { SweepRecord } from "./record.js";
import type { CellResult, Failure, SweepResult } from "./result.js";
import type { Runner } from "./runner.js";

export { type Grid, gridOf } from "./grid.js";
export { localRunner } from "./local.js";
export { defaultJobs } from "./process.js";
export type { SweepResult } from "./result.js";
export type { Runner } from "./runner.js";

/** How a sweep is run. */
export interface SweepOptions {
  /** The folder for `sweep.json`, `sweep.csv` and the runs. */
  readonly out: string;
  /** Keep the jobs in `out` that are done. Default: false. */
  readonly resume?: boolean;
  readonly dataDir?: string;
  /** Does the jobs. */
  readonly runner: Runner;
  /** Aborted to stop the sweep. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: SweepProgress) => void;
}

/** How far a sweep is. */
export interface SweepProgress {
  readonly done: number;
  readonly failed: number;
  readonly jobs: number;
  /** The latest message of a job. Absent where a job has just ended. */
  readonly latest?: { readonly key: string; readonly message: string };
}

/**
 * Does the jobs of a grid that are not done, then decides the claims of each cell from all its
 * runs. Writes `sweep.json`, `sweep.csv`, and `result.json` for each cell. A job that fails is
 * reported and does not stop the others.
 *
 * @returns the numbers and claims of each cell, and the failures.
 * @throws UserError where `out` has another sweep, or has this sweep and `resume` is not set.
 */
export async function sweep(
  grid: Grid,
  { out, resume = false, dataDir, runner, signal, onProgress = () => {} }: SweepOptions,
): Promise<SweepResult> {
  const record = SweepRecord.open(out, grid, { resume });
  const jobs = jobsOf(grid);
  const missing = jobs.filter((job) => !record.isDone(job));
  const failures: Failure[] = [];
  let done = jobs.length - missing.length;
  const tell = (latest?: SweepProgress["latest"]) =>
    onProgress({ done, failed: failures.length, jobs: jobs.length, latest });
  tell();
  if (missing.length > 0)
    await runner(missing, {
      ...{ out, id: record.id, signal },
      onProgress: (key, message) => tell({ key, message }),
      onOutcome: (job, outcome) => {
        if (outcome.status === "done") {
          record.keep(job, outcome);
          done++;
        } else {
          const { message, exitCode } = outcome;
          failures.push({ cell: cellOf(job), norm: job.norm, seed: job.seed, message, exitCode });
        }
        tell();
        if (outcome.status === "failed") tell({ key: keyOf(job), message: `failed: ${outcome.message}` });
      },
    });
  const cells: CellResult[] = [];
  for (const cell of cellsOf(grid)) {
    const judged = await judge(grid, cell, failures, { out, dataDir });
    if (judged) cells.push(judged);
  }
  const { experiment, title, scale, settings, norms, seeds } = grid;
  const result: SweepResult = {
    schema: "blindspot.sweep/1",
    tool: { name: "blindspot", version },
    ...{ experiment, title, scale, settings, norms, seeds, cells, failures },
  };
  writeJson(join(out, "sweep.json"), result, 1);
  writeText(join(out, "sweep.csv"), csvOf(result));
  return result;
}

/** Decides the claims of a cell from its finished runs; null where no norm has all its seeds. */
async function judge(
  { experiment, scale, norms, seeds }: Grid,
  { name, overrides }: Cell,
  failures: readonly Failure[],
  { out, dataDir }: Pick<SweepOptions, "out" | "dataDir">,
): Promise<CellResult | null> {
  const failed = failures.filter(({ cell }) => cell === name);
  const whole = norms.filter((norm) => failed.every((failure) => failure.norm !== norm));
  if (norms.length > 0 ? whole.length === 0 : failed.length > 0) return null;
  const { measurements, claims, trainingMs } = await reproduce(experiment, {
    ...{ scale, seeds, overrides, dataDir, out: join(out, name), resume: true },
    norms: norms.length > 0 ? whole : undefined,
  });
  return { name, overrides, norms: whole, measurements, claims, trainingMs };
}
