import type { Tensor } from "../../../src/base/tensor.js";
import { batchOf, firstOf, loadDataset, Random } from "../../../src/datasets/index.js";
import { adversarial } from "../../../src/experiments/gan-batches/procedure.js";
import type { TrainingRun } from "../../../src/experiments/training/train.js";
import { adam, discriminator, generator } from "../../../src/nn/index.js";

/** A GAN on glyphs for 30 steps, with batch norm in both networks, recorded every 4 steps. */
export async function smallGan(): Promise<TrainingRun> {
  const { train, shape } = await loadDataset("glyphs");
  const split = firstOf(train, 64);
  const sizes = { size: 16, channels: 1, width: 4, stages: 2, norm: "bn" } as const;
  return {
    procedure: adversarial({
      generator: generator({ ...sizes, latent: 8 }),
      discriminator: discriminator(sizes).whole,
      optimizer: adam({ rate: 2e-4, betas: [0.5, 0.999] }),
      arrangement: "separate",
    }),
    settings: { network: "gan" },
    seed: 5,
    steps: 30,
    checkpointEvery: 5,
    record: { every: 4 },
    batch: (step) => {
      const random = new Random(500 + step);
      const chosen = Array.from({ length: 8 }, () => random.below(64));
      const latent: Tensor = {
        dtype: "float32",
        shape: [8, 8, 1, 1],
        data: Float32Array.from({ length: 64 }, () => random.normal()),
      };
      return [batchOf(split, shape, chosen).images, latent];
    },
  };
}
