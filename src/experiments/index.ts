import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.js";
import { type NormName, norm } from "../nn/index.js";
import { version } from "../version.js";
import { blockedLearning } from "./blocked-learning/index.js";
import type { Experiment } from "./experiment.js";
import { oneClassBatches } from "./one-class-batches/index.js";
import type { ExperimentResult, Scale } from "./result.js";

export type { ExperimentResult, Scale } from "./result.js";

const experiments: readonly Experiment[] = [blockedLearning, oneClassBatches];
const experimentNames: readonly string[] = experiments.map(({ name }) => name);

export interface ReproduceOptions {
  readonly scale?: Scale;
  readonly seeds?: readonly number[];
  /** Compare these; the experiment's own norms unless told. Claims about others are left out. */
  readonly norms?: readonly NormName[];
  /** Where `result.json` and the folder `runs` go. */
  readonly out: string;
  readonly resume?: boolean;
  readonly dataDir?: string;
  readonly onProgress?: (message: string) => void;
}

/**
 * Runs an experiment and writes `result.json` into `out`. Throws a UserError for a name that does not exist, and
 * for a norm that does not, and
 * where `out` has runs already, unless they are to be resumed.
 */
export async function reproduce(
  name: string,
  {
    scale = "smoke",
    seeds = [0, 1, 2],
    norms,
    out,
    resume = false,
    dataDir,
    onProgress = () => {},
  }: ReproduceOptions,
): Promise<ExperimentResult> {
  const experiment = experiments.find((e) => e.name === name);
  if (!experiment) throw new UserError(`experiment ${name}: expected one of ${experimentNames.join(", ")}`);
  const compared = norms ?? experiment.norms;
  for (const name of compared) norm(name);
  const folder = join(out, "runs");
  if (!resume && existsSync(folder))
    throw new UserError(`${out}: has runs already; pass --resume to go on with them, or another --out`);
  makeFolder(folder);
  const context = { scale, seeds, norms: compared, folder, resume, dataDir, onProgress };
  const findings = await experiment.run(context);
  const result: ExperimentResult = {
    schema: "blindspot.experiment/1",
    tool: { name: "blindspot", version },
    experiment: name,
    title: experiment.title,
    ...{ scale, seeds, norms: compared, settings: experiment.settings(scale) },
    ...findings,
  };
  const path = join(out, "result.json");
  writeFileSync(`${path}.part`, `${JSON.stringify(result, null, 1)}\n`);
  renameSync(`${path}.part`, path);
  return result;
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new UserError(`${folder}: cannot be made (${(error as NodeJS.ErrnoException).code})`);
  }
}
