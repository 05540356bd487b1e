import { type Dataset, firstOf, Random } from "../../datasets/index.js";
import { adam, discriminator, generator } from "../../nn/index.js";
import { Epochs } from "../epochs.js";
import { linearProbe } from "../features/linear-probe.js";
import { outputsOf } from "../features/outputs.js";
import { normalTensor } from "../normal-tensor.js";
import type { RunOptions } from "../runs.js";
import { type Metrics, seriesOf } from "../training/metrics.js";
import { train } from "../training/train.js";
import { centredBatch, centredPixels } from "./images.js";
import { adversarial } from "./procedure.js";
import type { Settings } from "./settings.js";
import { type Condition, type RecordedPass, recordedQuantities, type Summary } from "./summary.js";

/**
 * Trains a GAN, recording its discriminator, and evaluates the discriminator's features with a
 * linear probe.
 */
export async function trainGan(
  dataset: Dataset,
  settings: Settings,
  { norm, arrangement, seed }: Condition & { readonly seed: number },
  options: RunOptions,
): Promise<Summary> {
  const { width, stages, latent, batch, rate, firstDecay } = settings;
  const [channels, size] = dataset.shape;
  const sizes = { size, channels, width, stages };
  const judge = discriminator({ ...sizes, norm });
  // The generator always has batch norm, so that conditions differ in the discriminator only.
  const maker = generator({ ...sizes, norm: "bn", latent });
  const procedure = adversarial({
    generator: maker,
    discriminator: judge.whole,
    optimizer: adam({ rate, betas: [firstDecay, 0.999] }),
    arrangement,
  });
  const split = firstOf(dataset.train, settings.images);
  const epochs = new Epochs(split.labels, { size: batch, batching: "shuffled", seed });
  const { state, metrics } = await train(
    {
      procedure,
      settings: { ...settings, norm, arrangement },
      seed,
      steps: settings.epochs * epochs.length,
      checkpointEvery: epochs.length,
      record: { every: settings.recordEvery },
      batch: (step) => [
        centredBatch(split, dataset.shape, epochs.batch(step)),
        normalTensor(new Random(1_000_000 + 10_000 * seed + step), [batch, latent, 1, 1]),
      ],
    },
    options,
  );

  options.onProgress("linear probe");
  await using outputs = await outputsOf([judge.body], dataset.shape, centredPixels);
  const judgeState = state.slice(procedure.names.findIndex((name) => name.startsWith("discriminator.")));
  const probeTrain = firstOf(dataset.train, settings.probed);
  const probeTest = firstOf(dataset.test, settings.probed);
  const [trainFeatures] = await outputs.of(judgeState, probeTrain);
  const [testFeatures] = await outputs.of(judgeState, probeTest);
  return {
    discriminatorLoss: seriesOf(metrics, "loss/discriminator"),
    generatorLoss: seriesOf(metrics, "loss/generator"),
    recorded: recordedIn(metrics),
    probe: await linearProbe({
      train: { features: trainFeatures, labels: probeTrain.labels },
      test: { features: testFeatures, labels: probeTest.labels },
      classes: dataset.classes.length,
    }),
  };
}

/**
 * The recorded passes, from the names in the first line of metrics: `blocked/norm2 (real)` for
 * separate batches, `blocked/norm2` for mixed batches.
 */
function recordedIn(metrics: readonly Metrics[]): RecordedPass[] {
  return Object.keys(metrics[0]).flatMap((name) => {
    const match = /^blocked\/((\w+)(?: \((real|fake)\))?)$/.exec(name);
    if (match === null) return [];
    const [, place, layer, pass = "mixed"] = match;
    return {
      layer,
      pass: pass as RecordedPass["pass"],
      numbers: Object.fromEntries(
        recordedQuantities.map((quantity) => [quantity, seriesOf(metrics, `${quantity}/${place}`)]),
      ) as RecordedPass["numbers"],
    };
  });
}
