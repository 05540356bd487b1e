import { decideClaims } from "../claims.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import { runConditions } from "../runs.js";
import { claims } from "./claims.js";
import { curveOf, estimatesOf } from "./findings.js";
import { type Settings, settings } from "./settings.js";
import { trainBelowNorm } from "./train-below-norm.js";
import { variantsOf } from "./variants.js";

/** A shared diagonal quadratic right above the norm: docs/theory.md, section 8, item 2. */
export const blockedLearning: Experiment<Settings> = {
  norms: ["bn", "ln", "detached", "none"],
  settings,
  run,
};

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const { norms, settings } = context;
  const { runs, trainingMs } = await runConditions(context, variantsOf(norms), {
    nameOf: ({ condition }) => condition,
    settingsOf: (variant) => ({ ...settings, ...variant }),
    perform: (variant, seed, options) => trainBelowNorm(settings, variant, seed, options),
  });
  return {
    trainingMs,
    claims: decideClaims(claims, (condition) => runs.find((r) => r.condition === condition)?.summaries),
    measurements: runs.flatMap(estimatesOf),
    curves: runs.map(curveOf),
    clouds: [],
  };
}
