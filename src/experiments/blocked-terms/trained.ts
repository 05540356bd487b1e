import { join } from "node:path";
import { auditModel } from "../../audit/index.js";
import { sizeOf, type Tensor } from "../../base/tensor.js";
import { batchOf, type Dataset, epochBatches, firstOf, Random } from "../../datasets/index.js";
import { userCache } from "../../engine/cache/user-cache.js";
import { crossEntropy, mlp, sgd } from "../../nn/index.js";
import { writeNpz } from "../../tensor-files/index.js";
import { Epochs } from "../epochs.js";
import type { RunOptions } from "../runs.js";
import { exportRun } from "../training/export.js";
import { supervised } from "../training/supervised.js";
import { train } from "../training/train.js";
import { type ByTerm, byTerm } from "./terms.js";

/** Settings of the network and its training. */
export interface TrainedSettings {
  readonly images: number;
  readonly hidden: readonly [number, number];
  readonly batch: number;
  readonly epochs: number;
  readonly rate: number;
  readonly momentum: number;
}

/**
 * Shares of the Taylor terms of a network's loss that pass its last norm: passed / open of
 * `--taylor`.
 */
export interface Through extends ByTerm<number> {
  /** First order, with the mean over the samples in place of each sample's own gradient. */
  readonly firstShared: number;
  /**
   * Diagonal second order, with the mean over the samples in place of each sample's own gradient.
   */
  readonly diagShared: number;
  /** The whole gradient. */
  readonly whole: number;
}

export const mixtures = ["mixed", "one-class"] as const;
export type Mixture = (typeof mixtures)[number];

/** The last norm of the network. A ReLU and a linear layer lie above it. */
const LAYER = "norm2";

/**
 * Trains a classifier with batch norm on shuffled batches and exports it. Then expands its loss at
 * the last norm in float64, on a mixed batch and on a batch of a single class.
 */
export async function trained(
  { train: images, shape, classes }: Dataset,
  settings: TrainedSettings,
  seed: number,
  options: RunOptions,
): Promise<Record<Mixture, Through>> {
  const { hidden, batch, epochs: count, rate, momentum } = settings;
  const network = mlp({ inputs: sizeOf(shape), hidden, norm: "bn", classes: classes.length });
  const split = firstOf(images, settings.images);
  const epochs = new Epochs(split.labels, { size: batch, batching: "shuffled", seed });
  const batchAt = (indices: readonly number[]): [Tensor, Tensor] => {
    const { images, labels } = batchOf(split, shape, indices);
    return [images, labels];
  };
  const { state } = await train(
    {
      procedure: supervised({ network, optimizer: sgd({ rate, momentum }), loss: crossEntropy }),
      settings: { ...settings },
      seed,
      steps: count * epochs.length,
      checkpointEvery: epochs.length,
      batch: (step) => batchAt(epochs.batch(step)),
    },
    options,
  );
  const [input, label] = batchAt(epochs.batch(0));
  await exportRun(options.folder, network, state, { input, label });
  const random = new Random(seed + 77_000);
  const [sameClass] = epochBatches(split.labels, { size: batch, batching: "label", random });
  const [ofOneClass, theirLabels] = batchAt(sameClass);
  const oneClass = join(options.folder, "batch.one-class.npz");
  await writeNpz(oneClass, new Map(Object.entries({ input: ofOneClass, label: theirLabels })));
  return {
    mixed: await taylorShares(join(options.folder, "batch.npz"), options),
    "one-class": await taylorShares(oneClass, options),
  };
}

/** Expands the loss of the exported network at its last norm, on the batch in the file `data`. */
async function taylorShares(data: string, { folder, onProgress }: RunOptions): Promise<Through> {
  const report = await auditModel(join(folder, "model.onnx"), {
    ...{ data, loss: "cross-entropy", precision: "float64", layers: LAYER, taylor: { layer: LAYER } },
    cache: userCache(),
    onProgress,
  });
  // An audit with `taylor` always reports the terms of that layer.
  const { terms } = report.layers[0].taylor!;
  const share = ({ open, passed }: { open: number; passed: number }) => (open === 0 ? 0 : passed / open);
  return {
    ...byTerm((term) => share(terms[term])),
    firstShared: share(terms.firstShared),
    diagShared: share(terms.diagShared),
    whole: share(terms.whole),
  };
}
