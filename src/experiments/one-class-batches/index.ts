import {
  type Batching,
  batchings,
  batchOf,
  type Dataset,
  datasetNames,
  firstOf,
  loadDataset,
} from "../../datasets/index.js";
import { crossEntropy, type NormName, sgd } from "../../nn/index.js";
import { sizeOf } from "../../tensor.js";
import { Epochs } from "../epochs.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import type { Curve, Measurement } from "../result.js";
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
import { exportRun } from "../training/export.js";
import { type Series, seriesOf } from "../training/metrics.js";
import { supervised } from "../training/supervised.js";
import { train } from "../training/train.js";
import { claimsOf } from "./claims.js";
import { evaluator, type Quality } from "./evaluate.js";
import { classifier } from "./network.js";
import type { Runs, Summary } from "./summary.js";

const kinds = {
  dataset: oneOf(datasetNames),
  images: wholeNumber(500),
  tested: wholeNumber(500),
  hidden: twoSizes,
  batch: wholeNumber(2),
  epochs: wholeNumber(1),
  rate: positive,
  momentum: belowOne,
  recordEvery: wholeNumber(1),
};

type Settings = ValuesOf<typeof kinds>;

/** Of SGD, as in the hand run that the theory tells of (section 8, item 3). */
const optimizer = { rate: 0.01, momentum: 0.9 };
const recordEvery = 10;

const scales = {
  smoke: {
    ...{ dataset: "glyphs", images: 2000, tested: 1000, hidden: [64, 32], batch: 32, epochs: 6 },
    ...{ ...optimizer, recordEvery },
  },
  cpu: {
    ...{ dataset: "mnist", images: 10_000, tested: 10_000, hidden: [256, 128], batch: 64, epochs: 6 },
    ...{ ...optimizer, recordEvery },
  },
} as const satisfies SettingsTable<Settings>["scales"];

/** Classification with batches of one class against shuffled ones: theory, section 8, item 3. */
export const oneClassBatches: Experiment<Settings> = {
  norms: ["none", "bn", "ln", "detached"],
  settings: { kinds, scales },
  run,
};

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const { dataDir, onProgress, seeds, settings } = context;
  const dataset = await loadDataset(settings.dataset, { dataDir, onProgress });
  const all: Runs[] = [];
  let trainingMs = 0;
  for (const norm of context.norms)
    for (const batching of batchings) {
      const summaries: Summary[] = [];
      for (const seed of seeds) {
        const { summary, elapsedMs } = await once(
          context,
          `${norm.replace(":", "-")}-${batching}-seed${seed}`,
          { ...settings, norm, batching, seed },
          (folder, onProgress) =>
            trainOnce(dataset, { norm, batching, seed }, { ...context, folder, onProgress }),
        );
        summaries.push(summary);
        trainingMs += elapsedMs;
      }
      all.push({ norm, batching, summaries });
    }
  return {
    trainingMs,
    claims: claimsOf(all),
    measurements: all.flatMap(measurementsOf),
    curves: all.flatMap(curvesOf),
    clouds: all.map((runs) => {
      const { points, labels } = runs.summaries[0]!;
      return { ...conditionOf(runs), seed: seeds[0]!, points, labels };
    }),
  };
}

const conditionOf = ({ norm, batching }: Runs) => ({ group: norm, series: batching });

async function trainOnce(
  dataset: Dataset,
  { norm, batching, seed }: { norm: NormName; batching: Batching; seed: number },
  { folder, resume, onProgress, settings }: ExperimentContext<Settings>,
): Promise<Summary> {
  const network = classifier(sizeOf(dataset.shape), settings.hidden, dataset.classes.length, norm);
  const split = firstOf(dataset.train, settings.images);
  const test = firstOf(dataset.test, settings.tested);
  const epochs = new Epochs(split.labels, { size: settings.batch, batching, seed });
  const batch = (step: number) => batchOf(split, dataset.shape, epochs.batch(step));
  const steps = settings.epochs * epochs.length;
  await using evaluation = await evaluator(network, dataset, split, test);
  const { state, metrics } = await train(
    {
      procedure: supervised({
        network: network.whole,
        optimizer: sgd({ rate: settings.rate, momentum: settings.momentum }),
        loss: crossEntropy,
      }),
      settings: { ...settings, norm, batching },
      seed,
      steps,
      checkpointEvery: epochs.length,
      record: { every: settings.recordEvery },
      batch: (step) => {
        const { images, labels } = batch(step);
        return [images, labels];
      },
      measure: async (state) => ({ accuracy: await evaluation.accuracy(state) }),
    },
    { folder, resume, onProgress },
  );
  // The last batch: of one class where batches are.
  const last = batch(steps - 1);
  await exportRun(folder, network.whole, state, { input: last.images, label: last.labels });
  onProgress("linear probe, silhouette, scatter");
  return {
    ...(await evaluation.judge(state)),
    loss: seriesOf(metrics, "loss"),
    accuracy: seriesOf(metrics, "accuracy"),
    blocked: seriesOf(metrics, "blocked/norm"),
    removed: seriesOf(metrics, "removed/norm"),
  };
}

const QUANTITIES: readonly [string, (quality: Quality) => number][] = [
  ["linear probe accuracy", (q) => q.probe],
  ["linear probe accuracy below the norm", (q) => q.probeBelow],
  ["accuracy with its own head", (q) => q.head],
  ["silhouette", (q) => q.silhouette],
  ["between/within scatter", (q) => q.scatter],
];

const measurementsOf = (runs: Runs): Measurement[] =>
  QUANTITIES.map(([quantity, of]) => ({
    ...conditionOf(runs),
    quantity,
    ...sampleOf(runs.summaries.map(({ quality }) => of(quality))),
  }));

const CURVES: readonly [string, (summary: Summary) => Series][] = [
  ["training loss", (s) => s.loss],
  ["test accuracy with its own head", (s) => s.accuracy],
  ["blocked share", (s) => s.blocked],
  ["removed from the weights below", (s) => s.removed],
];

/** Over the steps of training; of a norm that blocks nothing there is nothing to show. */
const curvesOf = (runs: Runs): Curve[] =>
  CURVES.filter(([, of]) => of(runs.summaries[0]!).steps.length > 0).map(([quantity, of]) => ({
    ...{ ...conditionOf(runs), quantity, steps: of(runs.summaries[0]!).steps },
    values: runs.summaries.map((summary) => of(summary).values),
  }));
