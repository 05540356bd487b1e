import {
  type Batching,
  batchings,
  type Dataset,
  datasetNames,
  firstOf,
  loadDataset,
} from "../../datasets/index.js";
import { crossEntropy, type NormName, sgd } from "../../nn/index.js";
import { Epochs } from "../epochs.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import { type Curve, type Measurement, projections } from "../result.js";
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
import { evaluator } from "./evaluate.js";
import { augmentations, TrainingImages } from "./images.js";
import { judged, networkNames } from "./network.js";
import type { Quality, Runs, Summary } from "./summary.js";

const kinds = {
  dataset: oneOf(datasetNames),
  images: wholeNumber(500),
  tested: wholeNumber(500),
  network: oneOf(networkNames),
  /** Of the MLP. */
  hidden: twoSizes,
  augment: oneOf(augmentations),
  /** Whether pixels are standardized by channel. */
  standardize: oneOf(["no", "yes"]),
  batch: wholeNumber(2),
  epochs: wholeNumber(1),
  rate: positive,
  momentum: belowOne,
  weightDecay: belowOne,
  recordEvery: wholeNumber(1),
};

type Settings = ValuesOf<typeof kinds>;

/** Settings of SGD, as in the hand run of docs/theory.md, section 8, item 3. */
const optimizer = { rate: 0.01, momentum: 0.9 };
const small = {
  network: "mlp",
  augment: "none",
  standardize: "no",
  weightDecay: 0,
  recordEvery: 10,
} as const;

const scales = {
  smoke: {
    ...{ dataset: "glyphs", images: 2000, tested: 1000, hidden: [64, 32], batch: 32, epochs: 6 },
    ...{ ...small, ...optimizer },
  },
  cpu: {
    ...{ dataset: "mnist", images: 10_000, tested: 10_000, hidden: [256, 128], batch: 64, epochs: 6 },
    ...{ ...small, ...optimizer },
  },
  // As the paper's authors train VGG-11; `network=resnet18` and `network=densenet121` are the other two of theirs.
  paper: {
    ...{ dataset: "cifar10", images: 50_000, tested: 10_000, network: "vgg11-one-norm", hidden: [256, 128] },
    ...{ augment: "flip-crop", standardize: "yes", batch: 128, epochs: 100 },
    ...{ ...optimizer, weightDecay: 0.01, recordEvery: 10 },
  },
} as const satisfies SettingsTable<Settings>["scales"];

/** Classification with batches of one class against shuffled ones: docs/theory.md, section 8, item 3. */
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
    clouds: projections.flatMap((projection) =>
      all.map((runs) => {
        const { planes, labels } = runs.summaries[0];
        return { ...conditionOf(runs), projection, seed: seeds[0], points: planes[projection], labels };
      }),
    ),
  };
}

const conditionOf = ({ norm, batching }: Runs) => ({ group: norm, series: batching });

async function trainOnce(
  dataset: Dataset,
  { norm, batching, seed }: { norm: NormName; batching: Batching; seed: number },
  { folder, resume, onProgress, settings }: ExperimentContext<Settings>,
): Promise<Summary> {
  const { hidden, augment } = settings;
  const network = judged(settings.network, dataset, { norm, hidden });
  const { whole, lastNorm } = network;
  const split = firstOf(dataset.train, settings.images);
  const test = firstOf(dataset.test, settings.tested);
  const epochs = new Epochs(split.labels, { size: settings.batch, batching, seed });
  const images = new TrainingImages(split, dataset.shape, {
    augment,
    standardize: settings.standardize === "yes",
  });
  const batch = (step: number) => images.batch(epochs.batch(step), 1_000_000 * (seed + 1) + step);
  const steps = settings.epochs * epochs.length;
  await using evaluation = await evaluator(network, dataset, {
    ...{ train: split, test },
    prepare: (x) => images.prepare(x),
  });
  const { state, metrics } = await train(
    {
      procedure: supervised({
        network: whole,
        optimizer: sgd(settings),
        loss: crossEntropy,
      }),
      settings: { ...settings, norm, batching },
      seed,
      steps,
      checkpointEvery: epochs.length,
      record: { every: settings.recordEvery, layers: (layer) => layer === lastNorm },
      batch,
      measure: async (state) => ({ accuracy: await evaluation.accuracy(state) }),
    },
    { folder, resume, onProgress },
  );
  // The last batch: of one class where batches are.
  const [input, label] = batch(steps - 1);
  await exportRun(folder, whole, state, { input, label });
  onProgress("linear probe, silhouette, scatter");
  return {
    ...(await evaluation.judge(state)),
    loss: seriesOf(metrics, "loss"),
    accuracy: seriesOf(metrics, "accuracy"),
    blocked: seriesOf(metrics, `blocked/${lastNorm}`),
    removed: seriesOf(metrics, `removed/${lastNorm}`),
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
  CURVES.filter(([, of]) => of(runs.summaries[0]).steps.length > 0).map(([quantity, of]) => ({
    ...{ ...conditionOf(runs), quantity, steps: of(runs.summaries[0]).steps },
    values: runs.summaries.map((summary) => of(summary).values),
  }));
