/**
 * Runs examples one after another, each in a folder of its own: `run-examples.ts <jobs.json>
 * <results.json>`. A process of its own, because examples change the working directory and may
 * leave resources open.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { SHOW } from "./examples.js";

export interface ExampleJob {
  readonly id: string;
  readonly file: string;
  readonly folder: string;
}

export interface ExampleResult {
  readonly id: string;
  readonly error?: string;
  /** For each value that the example showed, what its comment tells and the value as text. */
  readonly shown: readonly { readonly comment: string; readonly printed: readonly string[] }[];
}

const [jobsFile, resultsFile] = process.argv.slice(2);
const jobs = JSON.parse(readFileSync(jobsFile, "utf8")) as ExampleJob[];
const results: ExampleResult[] = [];
console.log = () => {};
for (const { id, file, folder } of jobs) {
  const shown: { comment: string; printed: string[] }[] = [];
  Object.assign(globalThis, {
    [SHOW]: (comment: string, ...values: unknown[]) =>
      shown.push({
        comment,
        printed: values.map((value) => inspect(value, { depth: 9, breakLength: 9999 })),
      }),
  });
  process.chdir(folder);
  try {
    await import(pathToFileURL(file).href);
    results.push({ id, shown });
  } catch (error) {
    results.push({
      id,
      shown,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
}
writeFileSync(resultsFile, JSON.stringify(results));
process.exit(0);
