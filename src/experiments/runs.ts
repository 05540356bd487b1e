import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../base/make-folder.js";
import type { ExperimentContext, FinishedRun } from "./experiment.js";
import type { TrainingOptions } from "./training/train.js";
import { writeJson } from "./write-output.js";

/** How an experiment makes the run of one condition and one seed. */
export interface RunPlan<Condition, Summary> {
  /** Names a condition. The folder of a run is named after it and the seed. */
  nameOf(condition: Condition): string;
  /** Everything but the seed that a run of the condition depends on. */
  settingsOf(condition: Condition): Readonly<Record<string, unknown>>;
  /** Makes one run in the folder of `options`. */
  perform(condition: Condition, seed: number, options: RunOptions): Promise<Summary>;
}

export type RunOptions = Required<TrainingOptions>;

/**
 * Makes one run for every condition and seed. Finished runs are kept when the experiment is
 * resumed.
 *
 * @returns each condition with its summaries in the order of the seeds, and the time that all runs
 * took.
 */
export async function runConditions<Condition extends object, Summary>(
  context: Omit<ExperimentContext, "settings">,
  conditions: readonly Condition[],
  { nameOf, settingsOf, perform }: RunPlan<Condition, Summary>,
): Promise<{ runs: (Condition & { readonly summaries: readonly Summary[] })[]; trainingMs: number }> {
  const runs = [];
  let trainingMs = 0;
  for (const condition of conditions) {
    const summaries: Summary[] = [];
    for (const seed of context.seeds) {
      const { summary, elapsedMs } = await once(
        context,
        `${nameOf(condition).replace(/[^\w.-]+/g, "-")}-seed${seed}`,
        { ...settingsOf(condition), seed },
        (folder, onProgress) => perform(condition, seed, { folder, resume: context.resume, onProgress }),
      );
      summaries.push(summary);
      trainingMs += elapsedMs;
    }
    runs.push({ ...condition, summaries });
  }
  return { runs, trainingMs };
}

/**
 * The summary of the run `name`. A resumed experiment reads the summary of a run that is done and
 * has the same settings; otherwise `perform` makes the run in the run's folder.
 */
export async function once<Summary>(
  { folder, resume, onProgress, onRun = () => {} }: Omit<ExperimentContext, "settings">,
  name: string,
  settings: Readonly<Record<string, unknown>>,
  perform: (folder: string, onProgress: (message: string) => void) => Promise<Summary>,
): Promise<{ summary: Summary; elapsedMs: number }> {
  const runFolder = join(folder, name);
  const path = summaryPath(folder, name);
  const text = JSON.stringify(settings);
  if (resume && existsSync(path)) {
    const done = JSON.parse(readFileSync(path, "utf8")) as FinishedRun<Summary>;
    if (done.settings === text) {
      onRun(name, done);
      return done;
    }
  }
  makeFolder(runFolder);
  const start = performance.now();
  const summary = await perform(runFolder, (message) => onProgress(`${name}: ${message}`));
  const done: FinishedRun<Summary> = { settings: text, elapsedMs: performance.now() - start, summary };
  writeRun(folder, name, done);
  onRun(name, done);
  return done;
}

/** Writes the summary of a finished run into the folder of the runs. */
export const writeRun = (folder: string, name: string, run: FinishedRun): void =>
  writeJson(summaryPath(folder, name), run);

const summaryPath = (folder: string, name: string): string => join(folder, name, "summary.json");
