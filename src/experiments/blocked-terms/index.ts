import { loadDataset } from "../../datasets/index.js";
import { decideClaims } from "../claims.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import { runConditions } from "../runs.js";
import { claims } from "./claims.js";
import { estimatesOf } from "./findings.js";
import { type Settings, settings } from "./settings.js";
import type { Summary } from "./summary.js";
import { synthetic } from "./synthetic.js";
import { trained } from "./trained.js";

/** Which Taylor terms of a loss pass batch normalization: docs/theory.md, section 8, item 1. */
export const blockedTerms: Experiment<Settings> = {
  norms: [],
  settings,
  run,
};

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const { dataDir, onProgress, settings } = context;
  const dataset = await loadDataset(settings.dataset, { dataDir, onProgress });
  const { cases, ...training } = settings;
  const { runs, trainingMs } = await runConditions(context, [{ norm: "bn" }], {
    nameOf: ({ norm }) => norm,
    settingsOf: () => settings,
    perform: async (_, seed, options): Promise<Summary> => {
      options.onProgress(`${cases} random cases`);
      const random = synthetic(cases, seed);
      return { synthetic: random, trained: await trained(dataset, training, seed, options) };
    },
  });
  const [{ summaries }] = runs;
  return {
    trainingMs,
    claims: decideClaims(claims, () => summaries),
    measurements: estimatesOf(summaries),
    curves: [],
    clouds: [],
  };
}
