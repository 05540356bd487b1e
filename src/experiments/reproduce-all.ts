import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../base/errors.js";
import { makeFolder } from "../base/make-folder.js";
import { version } from "../base/version.js";
import { catalogue } from "./catalogue.js";
import { type ReproduceOptions, reproduce } from "./reproduce.js";
import type { ExperimentResult, SuiteMember, SuiteResult } from "./result.js";
import { writeJson } from "./write-output.js";

export interface ReproduceAllOptions extends Omit<ReproduceOptions, "norms" | "overrides"> {
  /** Called with the result of every experiment. */
  readonly onResult?: (result: ExperimentResult) => void;
  /** Called with the name of every experiment that fails, and why. */
  readonly onFailure?: (name: string, message: string) => void;
}

/**
 * Runs all experiments one after another, each in a folder of its name, and writes `summary.json`.
 * An experiment that fails does not stop the others.
 *
 * @returns the claims and numbers of all experiments.
 * @throws UserError where `out` cannot be made, or already has experiments and `resume` is not set.
 */
export async function reproduceAll({
  scale = "smoke",
  seeds = [0, 1, 2],
  out,
  resume = false,
  dataDir,
  onProgress = () => {},
  onResult = () => {},
  onFailure = () => {},
}: ReproduceAllOptions): Promise<SuiteResult> {
  const begun = catalogue.find(({ name }) => existsSync(join(out, name)));
  if (begun && !resume)
    throw new UserError(
      `${out}: already has ${begun.name}; pass --resume to continue it, or choose another --out`,
    );
  makeFolder(out);
  const experiments: SuiteMember[] = [];
  for (const [i, { name, title }] of catalogue.entries()) {
    const start = performance.now();
    const report = (message: string) => onProgress(`${i + 1}/${catalogue.length} ${name} · ${message}`);
    report("started");
    try {
      const result = await reproduce(name, {
        scale,
        seeds,
        out: join(out, name),
        resume,
        dataDir,
        onProgress: report,
      });
      onResult(result);
      const { claims, measurements, settings, norms } = result;
      const elapsedMs = performance.now() - start;
      experiments.push({ name, title, elapsedMs, failure: null, settings, norms, claims, measurements });
    } catch (error) {
      const known = error instanceof UserError;
      const message = known ? error.message : String((error as Error)?.stack ?? error);
      const failure = { message, exitCode: known ? error.exitCode : 3 };
      const nothing = { settings: {}, norms: [], claims: [], measurements: [] };
      experiments.push({ name, title, elapsedMs: performance.now() - start, failure, ...nothing });
      onFailure(name, message);
    }
  }
  const result: SuiteResult = {
    schema: "blindspot.suite/1",
    tool: { name: "blindspot", version },
    ...{ scale, seeds, experiments },
  };
  writeJson(join(out, "summary.json"), result, 1);
  return result;
}
