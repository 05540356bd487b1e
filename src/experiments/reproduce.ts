import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../base/errors.js";
import { makeFolder } from "../base/make-folder.js";
import { version } from "../base/version.js";
import type { NormName } from "../nn/index.js";
import { featureNorm } from "../nn/norm-layer.js";
import { experimentNamed } from "./catalogue.js";
import type { Experiment } from "./experiment.js";
import type { ExperimentResult, Scale } from "./result.js";
import { type Overrides, settingsOf } from "./settings.js";
import { writeJson } from "./write-output.js";

/** Options of `reproduce`. */
export interface ReproduceOptions {
  /** Default: `smoke`. */
  readonly scale?: Scale;
  /** Default: 0, 1, 2. */
  readonly seeds?: readonly number[];
  /**
   * The norms to compare. Claims about other norms are left out. Default: the experiment's own
   * norms.
   */
  readonly norms?: readonly NormName[];
  /** Settings that replace those of the scale, as text. */
  readonly overrides?: Overrides;
  /** The folder for `result.json` and for the folder `runs`. */
  readonly out: string;
  /** Keep finished runs and continue unfinished runs. Default: false. */
  readonly resume?: boolean;
  /** The folder with the data sets. Default: a cache that downloads fill. */
  readonly dataDir?: string;
  readonly onProgress?: (message: string) => void;
}

/**
 * Runs an experiment and writes `result.json`.
 *
 * @param name an experiment of the catalogue.
 * @param options the scale, seeds, norms and folders.
 * @returns the decided claims and all numbers.
 * @throws UserError where the experiment, scale, setting or norm does not exist, where the
 * experiment cannot use the norm, and where `out` already has runs and `resume` is not set.
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
    throw new UserError(`${out}: already has runs; pass --resume to continue them, or choose another --out`);
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

/** What a run of an experiment is chosen by. */
interface Chosen {
  readonly scale: Scale;
  readonly norms?: readonly NormName[];
  readonly overrides?: Overrides;
}

/**
 * Loads an experiment and checks its settings and norms. Throws a UserError where one does not
 * exist or fit.
 */
export async function prepare(name: string, { scale, norms, overrides }: Chosen) {
  const { title, load } = experimentNamed(name);
  const experiment = await load();
  const settings = settingsOf(experiment.settings, scale, overrides);
  if (norms) checkNorms(name, experiment, norms);
  return { title, experiment, settings, norms: norms ?? experiment.norms };
}

/** Throws a UserError where a norm does not exist or the experiment cannot use it. */
function checkNorms(name: string, { norms, onlyNorms }: Experiment, asked: readonly NormName[]): void {
  if (norms.length === 0) throw new UserError(`experiment ${name}: compares no norms; leave out --norms`);
  for (const norm of asked) {
    featureNorm(norm);
    if (onlyNorms && !onlyNorms.includes(norm))
      throw new UserError(`experiment ${name}: cannot use norm ${norm}, expected ${onlyNorms.join(", ")}`);
  }
}
