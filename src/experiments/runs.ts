import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExperimentContext } from "./experiment.js";

/** One training run of an experiment when it is done: kept as `summary.json` in the run's folder. */
interface Done<Summary> {
  readonly settings: string;
  readonly elapsedMs: number;
  readonly summary: Summary;
}

/**
 * The summary of the run `name`: read, if resuming and it was done before with the same settings; else made by
 * `perform` in the run's folder.
 */
export async function once<Summary>(
  { folder, resume, onProgress }: ExperimentContext,
  name: string,
  settings: Readonly<Record<string, unknown>>,
  perform: (folder: string, onProgress: (message: string) => void) => Promise<Summary>,
): Promise<{ summary: Summary; elapsedMs: number }> {
  const runFolder = join(folder, name);
  const path = join(runFolder, "summary.json");
  const text = JSON.stringify(settings);
  if (resume && existsSync(path)) {
    const done = JSON.parse(readFileSync(path, "utf8")) as Done<Summary>;
    if (done.settings === text) return done;
  }
  mkdirSync(runFolder, { recursive: true });
  const start = performance.now();
  const summary = await perform(runFolder, (message) => onProgress(`${name}: ${message}`));
  const done: Done<Summary> = { settings: text, elapsedMs: performance.now() - start, summary };
  writeFileSync(`${path}.part`, JSON.stringify(done));
  renameSync(`${path}.part`, path);
  return done;
}
