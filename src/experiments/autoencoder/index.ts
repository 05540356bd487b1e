import { loadDataset } from "../../datasets/index.js";
import type { NormName } from "../../nn/index.js";
import { decideClaims } from "../claims.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import { runConditions } from "../runs.js";
import { claims } from "./claims.js";
import { curvesOf, estimatesOf } from "./findings.js";
import { type Settings, settings } from "./settings.js";
import { trainAutoencoder } from "./train-autoencoder.js";

/**
 * Reconstruction, where all samples share one loss formula: what norms remove, and what that costs.
 */
export const autoencoder: Experiment<Settings> = {
  norms: ["none", "bn", "ln", "detached"],
  settings,
  run,
};

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const { dataDir, onProgress, norms, settings } = context;
  const dataset = await loadDataset(settings.dataset, { dataDir, onProgress });
  const conditions = norms.map((norm) => ({ norm }));
  const { runs, trainingMs } = await runConditions(context, conditions, {
    nameOf: ({ norm }) => norm,
    settingsOf: ({ norm }) => ({ ...settings, norm }),
    perform: ({ norm }, seed, options) => trainAutoencoder(dataset, settings, { norm, seed }, options),
  });
  const summariesOf = (norm: NormName) => runs.find((r) => r.norm === norm)?.summaries;
  return {
    trainingMs,
    claims: decideClaims(claims, summariesOf),
    measurements: runs.flatMap(estimatesOf),
    curves: runs.flatMap(curvesOf),
    clouds: [],
  };
}
