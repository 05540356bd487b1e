import type { Tensor } from "../../base/tensor.js";
import { type Dataset, Random } from "../../datasets/index.js";
import { Loop } from "../../engine/index.js";
import { adam, discriminator, generator, type Network } from "../../nn/index.js";
import { compileKept } from "../compile-kept.js";
import { adversarial } from "../gan-batches/procedure.js";
import { normalTensor } from "../normal-tensor.js";
import { splitState } from "../training/learner.js";
import type { TrainingState } from "../training/procedure.js";
import { coefficientTensors, compileStep } from "../training/stepper.js";
import type { Domain } from "./compositions.js";
import { changeSecondHalf, type Images, imagesOf, SIDE, withAttributes } from "./samples.js";
import type { Settings } from "./settings.js";

/** Numbers that the generator makes an image of, and real images of one of its training steps. */
const [LATENT, BATCH] = [16, 32];

interface Origin {
  readonly seed: number;
  readonly domain: Domain;
  readonly part: "train" | "test";
  readonly dataset: Dataset;
  readonly settings: Settings;
}

/** The generator of each seed, with its trained state. */
const makers = new Map<number, Promise<{ network: Network; state: TrainingState }>>();

/**
 * Replaces every second pair of images by generated ones. A generator of DCGAN makes them, after a
 * short training against a discriminator of its own. Real images have class 1, generated ones 0.
 */
export async function generatedImages(images: Images, origin: Origin): Promise<Images> {
  const { seed, domain, part } = origin;
  const maker = makers.get(seed) ?? trainMaker(origin);
  makers.set(seed, maker);
  const { network, state } = await maker;
  const { parameters, buffers } = splitState(network, state);
  const own = [...parameters, ...buffers];
  const pixels = Float32Array.from(images.pixels);
  const size = pixels.length / images.count;
  // Domains alternate from image to image, and sources from pair to pair: every mixture occurs.
  const generated = [...images.classes.keys()].filter((i) => i % 4 >= 2);
  const latent = normalTensor(new Random(part === "train" ? 31 : 32), [BATCH, LATENT, 1, 1]);
  await using program = await compileKept(
    (...args) => {
      const traced = splitState(network, args.slice(0, -1));
      return [network.evaluate(traced.parameters, traced.buffers, args[args.length - 1])];
    },
    [...own, latent],
  );
  const random = new Random((part === "train" ? 41 : 42) + 100 * seed);
  for (let start = 0; start < generated.length; start += BATCH) {
    const [made] = await program.run([...own, normalTensor(random, [BATCH, LATENT, 1, 1])]);
    for (const [k, i] of generated.slice(start, start + BATCH).entries())
      pixels.set(
        (made.data as Float32Array).subarray(k * size, (k + 1) * size).map((value) => (value + 1) / 2),
        i * size,
      );
  }
  changeSecondHalf(pixels, size, generated, domain);
  return withAttributes({
    ...{ pixels, channels: images.channels, domains: images.domains },
    classes: Uint8Array.from({ length: images.count }, (_, i) => (i % 4 < 2 ? 1 : 0)),
  });
}

/** Trains a generator on mixed batches for a few epochs. */
async function trainMaker({
  seed,
  dataset,
  settings,
}: Origin): Promise<{ network: Network; state: TrainingState }> {
  const real = imagesOf(dataset.train, dataset.shape, settings.images, "none");
  const channels = dataset.shape[0];
  const sizes = { size: SIDE, channels, width: 8, stages: 2, norm: "bn" } as const;
  const network = generator({ ...sizes, latent: LATENT });
  const procedure = adversarial({
    generator: network,
    discriminator: discriminator(sizes).whole,
    optimizer: adam({ rate: 2e-3, betas: [0.5, 0.999] }),
    arrangement: "mixed",
  });
  const size = real.pixels.length / real.count;
  const random = new Random(51 + seed);
  const batch = (): Tensor[] => {
    const data = new Float32Array(BATCH * size);
    for (let k = 0; k < BATCH; k++) {
      const i = random.below(real.count);
      data.set(
        real.pixels.subarray(i * size, (i + 1) * size).map((pixel) => 2 * pixel - 1),
        k * size,
      );
    }
    return [
      { dtype: "float32", shape: [BATCH, channels, SIDE, SIDE], data },
      normalTensor(random, [BATCH, LATENT, 1, 1]),
    ];
  };
  const initial = procedure.initial(new Random(seed));
  const { program } = await compileStep(procedure, { state: initial, batch: batch() }, null);
  const loop = new Loop(program, initial);
  const steps = settings.epochs * Math.floor(settings.images / BATCH);
  for (let number = 1; number <= steps; number++)
    await loop.step([...coefficientTensors(procedure, number), ...batch()]);
  const state = loop.state.map((tensor) => ({ ...tensor, data: tensor.data.slice() }) as Tensor);
  await program.dispose();
  return { network, state };
}
