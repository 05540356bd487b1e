import { batchings, loadDataset } from "../../datasets/index.js";
import { decideClaims } from "../claims.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import { runConditions } from "../runs.js";
import { claims } from "./claims.js";
import { curvesOf, estimatesOf, samplesOf } from "./findings.js";
import { pairsOf } from "./pairs.js";
import { blendsPng } from "./pictures.js";
import { type Settings, settings } from "./settings.js";
import type { Condition } from "./summary.js";
import { trainFlow } from "./train-flow.js";

/** Pairs whose blends the report shows. */
const SHOWN_PAIRS = 4;

/**
 * Likelihood of blends of two digits under a flow that is trained on one-class batches:
 * docs/theory.md, section 8, item 4.
 */
export const flowInterpolation: Experiment<Settings> = {
  norms: ["bn", "ln", "none"],
  onlyNorms: ["bn", "ln", "detached", "frozen", "actnorm", "none"],
  settings,
  run,
};

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const { dataDir, onProgress, norms, seeds, settings } = context;
  const dataset = await loadDataset(settings.dataset, { dataDir, onProgress });
  const pairs = pairsOf(dataset, settings);
  const used = batchings.filter((batching) => batching === "label" || settings.shuffled);
  const conditions = norms.flatMap((norm) => used.map((batching): Condition => ({ norm, batching })));
  const { runs, trainingMs } = await runConditions(context, conditions, {
    nameOf: ({ norm, batching }) => `${norm}-${batching}`,
    // A run does not depend on `shuffled`, which only adds other runs.
    settingsOf: ({ norm, batching }) => ({ ...settings, shuffled: undefined, norm, batching }),
    perform: (condition, seed, options) =>
      trainFlow({ dataset, pairs, settings }, { ...condition, seed }, options),
  });
  const summariesOf = ({ norm, batching }: Condition) =>
    runs.find((r) => r.norm === norm && r.batching === batching)?.summaries;
  const names = [settings.first, settings.second].map((label) => dataset.classes[label]);
  const blends = {
    ...{ group: "", series: "", title: `Blends of held-out images, ${names.join(" to ")}` },
    png: blendsPng(pairs, SHOWN_PAIRS),
  };
  return {
    trainingMs,
    claims: decideClaims(claims, summariesOf),
    measurements: runs.flatMap(estimatesOf),
    curves: runs.flatMap(curvesOf),
    clouds: [],
    pictures: [blends, ...runs.map((r) => samplesOf(r, seeds[0]))],
  };
}
