import { type Dataset, firstOf } from "../../datasets/index.js";
import { crossEntropy, sgd } from "../../nn/index.js";
import { Epochs } from "../epochs.js";
import type { RunOptions } from "../runs.js";
import { exportRun } from "../training/export.js";
import { seriesOf } from "../training/metrics.js";
import { supervised } from "../training/supervised.js";
import { train } from "../training/train.js";
import { evaluator } from "./evaluate.js";
import { TrainingImages } from "./images.js";
import { judged } from "./network.js";
import type { Settings } from "./settings.js";
import type { Condition, Summary } from "./summary.js";

/** Trains a classifier, exports it, and evaluates its features on the test images. */
export async function trainClassifier(
  dataset: Dataset,
  settings: Settings,
  { norm, batching, seed }: Condition & { readonly seed: number },
  options: RunOptions,
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
      procedure: supervised({ network: whole, optimizer: sgd(settings), loss: crossEntropy }),
      settings: { ...settings, norm, batching },
      seed,
      steps,
      checkpointEvery: epochs.length,
      record: { every: settings.recordEvery, layers: (layer) => layer === lastNorm },
      batch,
      evaluate: async (state) => ({ accuracy: await evaluation.accuracy(state) }),
    },
    options,
  );
  // The last batch of training has a single class where the batches of this run do.
  const [input, label] = batch(steps - 1);
  await exportRun(options.folder, whole, state, { input, label });
  options.onProgress("linear probe, silhouette, scatter");
  return {
    ...(await evaluation.judge(state)),
    loss: seriesOf(metrics, "loss"),
    accuracy: seriesOf(metrics, "accuracy"),
    blocked: seriesOf(metrics, `blocked/${lastNorm}`),
    removed: seriesOf(metrics, `removed/${lastNorm}`),
  };
}
