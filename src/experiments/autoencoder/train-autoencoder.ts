import { batchOf, type Dataset, firstOf, type Split } from "../../datasets/index.js";
import { adam, meanSquaredError, type NormName } from "../../nn/index.js";
import { Epochs } from "../epochs.js";
import type { Features } from "../features/geometry.js";
import { linearProbe } from "../features/linear-probe.js";
import { outputsOf } from "../features/outputs.js";
import type { RunOptions } from "../runs.js";
import { exportRun } from "../training/export.js";
import { lastOf, type Metrics, seriesOf } from "../training/metrics.js";
import { supervised } from "../training/supervised.js";
import { train } from "../training/train.js";
import { coder } from "./network.js";
import type { Settings } from "./settings.js";
import type { RecordedLayer, Summary } from "./summary.js";

/**
 * Trains an autoencoder, exports it, and evaluates its reconstructions and its code on the test
 * images.
 */
export async function trainAutoencoder(
  dataset: Dataset,
  settings: Settings,
  { norm, seed }: { readonly norm: NormName; readonly seed: number },
  options: RunOptions,
): Promise<Summary> {
  const { shape, classes } = dataset;
  const { whole, encoder } = coder({ ...settings, shape, norm });
  const split = firstOf(dataset.train, settings.images);
  const test = firstOf(dataset.test, settings.tested);
  const epochs = new Epochs(split.labels, { size: settings.batch, batching: "shuffled", seed });
  const imagesOf = (step: number) => batchOf(split, shape, epochs.batch(step)).images;
  const steps = settings.epochs * epochs.length;
  await using reconstructions = await outputsOf([whole], shape);
  const { state, metrics } = await train(
    {
      procedure: supervised({
        network: whole,
        optimizer: adam({ rate: settings.rate }),
        loss: meanSquaredError,
      }),
      settings: { ...settings, norm },
      seed,
      steps,
      checkpointEvery: epochs.length,
      record: { every: settings.recordEvery },
      batch: (step) => [imagesOf(step)],
      evaluate: async (state) => ({ error: errorOf((await reconstructions.of(state, test))[0], test) }),
    },
    options,
  );
  await exportRun(options.folder, whole, state, { input: imagesOf(steps - 1) });

  options.onProgress("linear probe of the code");
  await using codes = await outputsOf([encoder], shape);
  const [trainCodes] = await codes.of(state, split);
  const [testCodes] = await codes.of(state, test);
  const errors = seriesOf(metrics, "error");
  return {
    loss: seriesOf(metrics, "loss"),
    errors,
    error: lastOf(errors),
    probe: await linearProbe({
      train: { features: trainCodes, labels: split.labels },
      test: { features: testCodes, labels: test.labels },
      classes: classes.length,
    }),
    recorded: recordedIn(metrics),
  };
}

/** Mean squared error of reconstructions against the images, with pixels from 0 to 1. */
function errorOf({ data }: Features, { images }: Split): number {
  let total = 0;
  for (let i = 0; i < data.length; i++) total += (data[i] - images[i] / 255) ** 2;
  return total / data.length;
}

/** The norm layers that the first step recorded, in the order of the network. */
function recordedIn(metrics: readonly Metrics[]): RecordedLayer[] {
  const first = metrics.find(({ step }) => step === 1) ?? {};
  const layers = Object.keys(first).flatMap((name) => /^blocked\/(.+)$/.exec(name)?.slice(1) ?? []);
  return layers.map((layer) => ({
    layer,
    blocked: seriesOf(metrics, `blocked/${layer}`),
    removed: seriesOf(metrics, `removed/${layer}`),
  }));
}
