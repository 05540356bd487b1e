import { batchOf, epochBatches, firstOf, loadDataset, Random } from "../../../src/datasets/index.js";
import { supervised } from "../../../src/experiments/training/supervised.js";
import type { TrainingRun } from "../../../src/experiments/training/train.js";
import { adam, crossEntropy, mlp } from "../../../src/nn/index.js";

/** A run of 60 steps on glyphs. Batch norm and Adam give its state buffers and slots. */
export async function smallRun(seed = 3): Promise<TrainingRun> {
  const { train, shape } = await loadDataset("glyphs");
  const split = firstOf(train, 320);
  return {
    procedure: supervised({
      network: mlp({ inputs: 256, hidden: [24, 16], norm: "bn" }),
      optimizer: adam({ rate: 0.01 }),
      loss: crossEntropy,
    }),
    settings: { network: "mlp" },
    seed,
    steps: 60,
    checkpointEvery: 7,
    batch: (step) => {
      const random = new Random(seed * 1000 + Math.floor(step / 10));
      const order = epochBatches(split.labels, { size: 32, batching: "shuffled", random });
      const { images, labels } = batchOf(split, shape, order[step % 10]);
      return [images, labels];
    },
  };
}
