import { loadDataset } from "../../datasets/index.js";
import { decideClaims } from "../claims.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import { runConditions } from "../runs.js";
import { claims } from "./claims.js";
import { curvesOf, estimatesOf } from "./findings.js";
import { framed } from "./images.js";
import { arrangements } from "./procedure.js";
import { type Settings, settings } from "./settings.js";
import type { Condition } from "./summary.js";
import { trainGan } from "./train-gan.js";

/**
 * Tests the folklore rule that a discriminator needs batches of real images only and of generated
 * images only.
 */
export const ganBatches: Experiment<Settings> = {
  norms: ["bn", "ln"],
  settings,
  run,
};

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const { dataDir, onProgress, norms, settings } = context;
  const loaded = await loadDataset(settings.dataset, { dataDir, onProgress });
  const dataset = framed(loaded, 2 ** settings.stages);
  const conditions = norms.flatMap((norm) =>
    arrangements.map((arrangement): Condition => ({ norm, arrangement })),
  );
  const { runs, trainingMs } = await runConditions(context, conditions, {
    nameOf: ({ norm, arrangement }) => `${norm}-${arrangement}`,
    settingsOf: ({ norm, arrangement }) => ({ ...settings, norm, arrangement }),
    perform: (condition, seed, options) => trainGan(dataset, settings, { ...condition, seed }, options),
  });
  const summariesOf = ({ norm, arrangement }: Condition) =>
    runs.find((r) => r.norm === norm && r.arrangement === arrangement)?.summaries;
  return {
    trainingMs,
    claims: decideClaims(claims, summariesOf),
    measurements: runs.flatMap(estimatesOf),
    curves: runs.flatMap(curvesOf),
    clouds: [],
  };
}
