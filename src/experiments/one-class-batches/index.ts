import { batchings, loadDataset } from "../../datasets/index.js";
import { decideClaims } from "../claims.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import { runConditions } from "../runs.js";
import { claims } from "./claims.js";
import { cloudsOf, curvesOf, estimatesOf } from "./findings.js";
import { type Settings, settings } from "./settings.js";
import type { Condition } from "./summary.js";
import { trainClassifier } from "./train-classifier.js";

/**
 * Classification with batches of one class and with shuffled batches: docs/theory.md,
 * section 8, item 3.
 */
export const oneClassBatches: Experiment<Settings> = {
  norms: ["none", "bn", "ln", "detached"],
  settings,
  run,
};

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const { dataDir, onProgress, norms, seeds, settings } = context;
  const dataset = await loadDataset(settings.dataset, { dataDir, onProgress });
  const conditions = norms.flatMap((norm) => batchings.map((batching): Condition => ({ norm, batching })));
  const { runs, trainingMs } = await runConditions(context, conditions, {
    nameOf: ({ norm, batching }) => `${norm}-${batching}`,
    settingsOf: ({ norm, batching }) => ({ ...settings, norm, batching }),
    perform: (condition, seed, options) =>
      trainClassifier(dataset, settings, { ...condition, seed }, options),
  });
  const summariesOf = ({ norm, batching }: Condition) =>
    runs.find((r) => r.norm === norm && r.batching === batching)?.summaries;
  return {
    trainingMs,
    claims: decideClaims(claims, summariesOf),
    measurements: runs.flatMap(estimatesOf),
    curves: runs.flatMap(curvesOf),
    clouds: cloudsOf(runs, seeds[0]),
  };
}
