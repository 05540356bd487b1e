import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../base/errors.js";
import { version } from "../base/version.js";
import type { NormName } from "../nn/index.js";
import { featureNorm } from "../nn/norm-layer.js";
import { experimentNamed } from "./catalogue.js";
import type { Experiment } from "./experiment.js";
import { makeFolder } from "./make-folder.js";
import type { ExperimentResult, Scale } from "./result.js";
import { type Overrides, settingsOf } from "./settings.js";
import { writeJson } from "./write-output.js";

export interface ReproduceOptions {
  readonly scale?: Scale;
  readonly seeds?: readonly number[];
  /** Compare these; the experiment's own norms unless told. Claims about others are left out. */
  readonly norms?: readonly NormName[];
  /** Settings in place of those of the scale. */
  readonly overrides?: Overrides;
  /** Where `result.json` and the folder `runs` go. */
  readonly out: string;
  readonly resume?: boolean;
  readonly dataDir?: string;
  readonly onProgress?: (message: string) => void;
}

/**
 * Runs an experiment and writes `result.json` into `out`. Throws a UserError for an experiment, a scale, a setting or
 * a norm that does not exist or that it cannot use, and where `out` has runs already, unless they are to be resumed.
 */
export async function reproduce(
  name: string,
  {
    scale = "smoke",
    seeds = [0, 1, 2],
    norms,
    overrides = {},
    out,
    resume = false,
    dataDir,
    onProgress = () => {},
  }: ReproduceOptions,
): Promise<ExperimentResult> {
  const { title, experiment, settings, norms: compared } = await prepare(name, { scale, norms, overrides });
  const folder = join(out, "runs");
  if (!resume && existsSync(folder))
    throw new UserError(`${out}: has runs already; pass --resume to go on with them, or another --out`);
  makeFolder(folder);
  const context = { settings, seeds, norms: compared, folder, resume, dataDir, onProgress };
  const findings = await experiment.run(context);
  const result: ExperimentResult = {
    schema: "blindspot.experiment/1",
    tool: { name: "blindspot", version },
    experiment: name,
    title,
    ...{ scale, seeds, norms: compared, settings },
    ...findings,
  };
  writeJson(join(out, "result.json"), result, 1);
  return result;
}

interface Chosen {
  readonly scale: Scale;
  readonly norms?: readonly NormName[];
  readonly overrides?: Overrides;
}

/** An experiment with what it is run with. Throws a UserError for what does not exist or cannot be used. */
export async function prepare(name: string, { scale, norms, overrides }: Chosen) {
  const { title, load } = experimentNamed(name);
  const experiment = await load();
  const settings = settingsOf(experiment.settings, scale, overrides);
  if (norms) checkNorms(name, experiment, norms);
  return { title, experiment, settings, norms: norms ?? experiment.norms };
}

/** Throws a UserError where the experiment cannot use one of the norms. */
function checkNorms(name: string, { norms, onlyNorms }: Experiment, asked: readonly NormName[]): void {
  if (norms.length === 0) throw new UserError(`experiment ${name}: compares no norms; leave them out`);
  for (const norm of asked) {
    featureNorm(norm);
    if (onlyNorms && !onlyNorms.includes(norm))
      throw new UserError(`experiment ${name}: cannot use norm ${norm}, expected ${onlyNorms.join(", ")}`);
  }
}
