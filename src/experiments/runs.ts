import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExperimentContext, FinishedRun } from "./experiment.js";
import { makeFolder } from "./make-folder.js";
import { writeJson } from "./write-output.js";

/**
 * The summary of the run `name`: read, if resuming and it was done before with the same settings; else made by
 * `perform` in the run's folder.
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

/** Keeps a finished run among those in `folder`. */
export const writeRun = (folder: string, name: string, run: FinishedRun): void =>
  writeJson(summaryPath(folder, name), run);

const summaryPath = (folder: string, name: string): string => join(folder, name, "summary.json");
