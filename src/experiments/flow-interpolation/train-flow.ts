import { sizeOf } from "../../base/tensor.js";
import { type Dataset, Random } from "../../datasets/index.js";
import { adamax, bitsPerDimension, realnvp } from "../../nn/index.js";
import { Epochs } from "../epochs.js";
import type { RunOptions } from "../runs.js";
import { exportRun } from "../training/export.js";
import { supervised } from "../training/supervised.js";
import { train } from "../training/train.js";
import { dequantized, levelsOf, ofClasses } from "./images.js";
import { interpolate } from "./likelihood.js";
import type { Pairs } from "./pairs.js";
import { samples } from "./pictures.js";
import type { Settings } from "./settings.js";
import type { Condition, Summary } from "./summary.js";

/** The ε of Adamax in the official code. */
const EPSILON = 1e-7;

interface Task {
  readonly dataset: Dataset;
  readonly pairs: Pairs;
  readonly settings: Settings;
}

/**
 * Trains a flow on two classes, exports it, and evaluates the likelihood of blends of the pairs.
 */
export async function trainFlow(
  { dataset, pairs, settings }: Task,
  { norm, batching, seed }: Condition & { readonly seed: number },
  options: RunOptions,
): Promise<Summary> {
  const { shape } = dataset;
  const { first, second, batch: size, decay, rate, steps, scales, width, blocks } = settings;
  const flow = realnvp({ shape, norm, scales, width, blocks });
  const split = ofClasses(dataset.train, [first, second]);
  const epochs = new Epochs(split.labels, { size, batching, seed });
  const imagesOf = (step: number) =>
    dequantized(levelsOf(split, epochs.batch(step)), shape, new Random(1_000_000 * (seed + 1) + step));
  const { state, metrics } = await train(
    {
      procedure: supervised({
        network: flow.loss,
        optimizer: adamax({ rate, weightDecay: decay, epsilon: EPSILON }),
        loss: (value) => value,
      }),
      settings: { ...settings, shuffled: undefined, norm, batching },
      seed,
      steps,
      checkpointEvery: 50,
      batch: (step) => [imagesOf(step)],
    },
    options,
  );
  await exportRun(options.folder, flow.loss, state, { input: imagesOf(steps - 1) });
  options.onProgress("blends and samples");
  return {
    ...(await interpolate(flow, state, pairs, size)),
    steps: metrics.map(({ step }) => step),
    training: metrics.map(({ loss }) => bitsPerDimension(-loss, sizeOf(shape))),
    samples: await samples(flow, state, shape),
  };
}
