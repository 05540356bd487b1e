import { datasetNames, loadDataset } from "../../datasets/index.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import type { Measurement } from "../result.js";
import { once } from "../runs.js";
import {
  belowOne,
  oneOf,
  positive,
  type SettingsTable,
  twoSizes,
  type ValuesOf,
  wholeNumber,
} from "../settings.js";
import { sampleOf } from "../statistics.js";
import { claimsOf, type Summary } from "./claims.js";
import { phases, synthetic } from "./synthetic.js";
import { terms, termTitles } from "./terms.js";
import { mixtures, trained } from "./trained.js";

const kinds = {
  /** Random cases for each seed. */
  cases: wholeNumber(2),
  dataset: oneOf(datasetNames),
  images: wholeNumber(500),
  hidden: twoSizes,
  batch: wholeNumber(2),
  epochs: wholeNumber(1),
  rate: positive,
  momentum: belowOne,
};

type Settings = ValuesOf<typeof kinds>;

const optimizer = { rate: 0.01, momentum: 0.9 };

const scales = {
  smoke: {
    ...{ cases: 50, dataset: "glyphs", images: 2000, hidden: [64, 32], batch: 32, epochs: 3 },
    ...optimizer,
  },
  cpu: {
    ...{ cases: 500, dataset: "mnist", images: 10_000, hidden: [256, 128], batch: 64, epochs: 3 },
    ...optimizer,
  },
  paper: {
    ...{ cases: 2000, dataset: "mnist", images: 60_000, hidden: [512, 256], batch: 64, epochs: 10 },
    ...optimizer,
  },
} as const satisfies SettingsTable<Settings>["scales"];

/** Which Taylor terms of a loss pass batch normalization: docs/theory.md, section 8, item 1. */
export const blockedTerms: Experiment<Settings> = {
  norms: [],
  settings: { kinds, scales },
  run,
};

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const { dataDir, onProgress, seeds, settings, resume } = context;
  const dataset = await loadDataset(settings.dataset, { dataDir, onProgress });
  const { cases, ...training } = settings;
  const summaries: Summary[] = [];
  let trainingMs = 0;
  for (const seed of seeds) {
    const { summary, elapsedMs } = await once(
      context,
      `bn-seed${seed}`,
      { ...settings, seed },
      async (folder, onProgress): Promise<Summary> => {
        onProgress(`${cases} random cases`);
        const random = synthetic(cases, seed);
        return {
          synthetic: random,
          trained: await trained(dataset, training, seed, { folder, resume, onProgress }),
        };
      },
    );
    summaries.push(summary);
    trainingMs += elapsedMs;
  }
  return {
    trainingMs,
    claims: claimsOf(summaries),
    measurements: measurementsOf(summaries),
    curves: [],
    clouds: [],
  };
}

const measurementsOf = (summaries: readonly Summary[]): Measurement[] => [
  ...phases.flatMap((phase) =>
    terms.map((term) => ({
      group: phase,
      series: termTitles[term],
      quantity: "share that reaches X (mean over random cases)",
      ...sampleOf(summaries.map(({ synthetic }) => synthetic.shares[phase][term].mean)),
    })),
  ),
  ...mixtures.flatMap((mixture) => {
    const share = (series: string, of: (s: Summary["trained"][typeof mixture]) => number) => ({
      group: `${mixture} batch`,
      series,
      quantity: "share that passes a trained network's last norm",
      ...sampleOf(summaries.map(({ trained }) => of(trained[mixture]))),
    });
    return [
      ...terms.map((term) => share(termTitles[term], (s) => s[term])),
      share("first order, shared part", (s) => s.firstShared),
      share("second, diagonal, shared part", (s) => s.diagShared),
      share("whole gradient", (s) => s.whole),
    ];
  }),
];
