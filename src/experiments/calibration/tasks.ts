import { Random } from "../../datasets/index.js";
import { reshape, type Traced } from "../../engine/lang/index.js";
import {
  adam,
  adamax,
  binaryCrossEntropy,
  bitsPerDimension,
  crossEntropy,
  discriminator,
  meanSquaredError,
  type Network,
  type NormName,
  realnvp,
  sgd,
} from "../../nn/index.js";
import { conv, flatten, globalAveragePool, linear, relu } from "../../nn/layers.js";
import { chain, type LayerFunction, network, type Registry } from "../../nn/network.js";
import { normLayer } from "../../nn/norm-layer.js";
import { coder } from "../autoencoder/network.js";
import { type Images, SIDE } from "./samples.js";
import { type FamilyNetworks, pixelInputs, type Samples, type Task } from "./task.js";

/** SGD with momentum. */
export const momentumOf =
  (rate: number): Task["optimizer"] =>
  (factor) =>
    sgd({ rate: factor * rate, momentum: 0.9 });

export const adamOf =
  (rate: number): Task["optimizer"] =>
  (factor) =>
    adam({ rate: factor * rate });

const same = (net: Network) => ({ trained: net, judged: net });

/** linear → norm → ReLU for each width. */
function dense(registry: Registry, widths: readonly number[], norm: NormName): LayerFunction[] {
  return widths
    .slice(1)
    .flatMap((outputs, i) => [
      linear(registry, `fc${i + 1}`, { inputs: widths[i], outputs }),
      normLayer(norm)(registry, `norm${i + 1}`, [outputs]),
      relu,
    ]);
}

/** conv 3×3 → norm → ReLU for each stage; a stage with stride 2 halves the image. */
function convolutional(
  registry: Registry,
  stages: readonly { readonly channels: number; readonly stride: number }[],
  { inputs, norm }: { readonly inputs: number; readonly norm: NormName },
): LayerFunction[] {
  let [width, side] = [inputs, SIDE];
  return stages.flatMap(({ channels, stride }, i) => {
    const sizes = { inputs: width, outputs: channels, kernel: 3, stride, padding: 1 };
    width = channels;
    side /= stride;
    return [
      conv(registry, `conv${i + 1}`, sizes),
      normLayer(norm)(registry, `norm${i + 1}`, [channels, side, side]),
      relu,
    ];
  });
}

/** What all classifiers share. */
const classifying = {
  unit: "points",
  loss: (output: Traced, target: Traced | undefined) => crossEntropy(output, target as Traced),
  samples: (images: Images): Samples => ({
    ...images,
    inputs: pixelInputs(images),
    targets: { dtype: "int32", shape: [images.count], data: Int32Array.from(images.classes) },
  }),
  errors: (outputs: Float32Array, { targets }: Samples, from: number, count: number) =>
    Array.from({ length: count }, (_, i) => {
      const row = outputs.subarray(10 * i, 10 * (i + 1));
      return row.indexOf(Math.max(...row)) === targets?.data[from + i] ? 0 : 1;
    }),
} as const;

/** What all tasks with a squared error share. */
const squared = {
  unit: "percent",
  loss: (output: Traced, target: Traced | undefined) => meanSquaredError(output, target as Traced),
  errors: (outputs: Float32Array, { targets }: Samples, from: number, count: number) => {
    const width = outputs.length / count;
    return Array.from({ length: count }, (_, i) => {
      let total = 0;
      for (let e = 0; e < width; e++)
        total += (outputs[i * width + e] - (targets?.data[(from + i) * width + e] ?? 0)) ** 2;
      return total / width;
    });
  },
} as const;

/** An MLP of these hidden widths, with a norm in each of them, on the pixels of images. */
const mlpNetwork =
  (hidden: readonly number[], outputs: number) =>
  (norm: NormName, channels: number): FamilyNetworks =>
    same(
      network((registry) =>
        chain(
          flatten,
          ...dense(registry, [channels * SIDE ** 2, ...hidden], norm),
          linear(registry, "head", { inputs: hidden[hidden.length - 1], outputs }),
        ),
      ),
    );

/** An MLP that classifies. */
export const mlpTask = (hidden: readonly number[], optimizer: Task["optimizer"]): Task => ({
  ...classifying,
  ...{ otherNorm: "ln", optimizer },
  networks: mlpNetwork(hidden, 10),
});

/** A convolutional classifier with global average pooling. */
export const convTask = (
  stages: readonly { readonly channels: number; readonly stride: number }[],
  optimizer: Task["optimizer"],
): Task => ({
  ...classifying,
  ...{ otherNorm: "gn:1", optimizer },
  networks: (norm, channels) =>
    same(
      network((registry) =>
        chain(
          ...convolutional(registry, stages, { inputs: channels, norm }),
          globalAveragePool,
          linear(registry, "head", { inputs: stages[stages.length - 1].channels, outputs: 10 }),
        ),
      ),
    ),
});

const reconstructing = {
  ...squared,
  samples: (images: Images): Samples => {
    const inputs = pixelInputs(images);
    return { ...images, inputs, targets: inputs };
  },
} as const;

/** An MLP that reconstructs its input. */
export const denseCoderTask = (hidden: readonly number[], rate: number): Task => ({
  ...reconstructing,
  ...{ otherNorm: "ln", optimizer: adamOf(rate) },
  networks: (norm, channels) =>
    same(
      network((registry) => {
        const pixels = channels * SIDE ** 2;
        return chain(
          flatten,
          ...dense(registry, [pixels, ...hidden], norm),
          linear(registry, "head", { inputs: hidden[hidden.length - 1], outputs: pixels }),
          (_, x) => reshape(x, [x.shape[0], channels, SIDE, SIDE]),
        );
      }),
    ),
});

/** A convolutional autoencoder. */
export const convCoderTask = (rate: number): Task => ({
  ...reconstructing,
  ...{ otherNorm: "gn:1", optimizer: adamOf(rate) },
  networks: (norm, channels) =>
    same(coder({ shape: [channels, SIDE, SIDE], widths: [8, 16], code: 16, norm }).whole),
});

/** An MLP that tells where the ink of an image is: its centre, across and down, in pixels / 2. */
export const regressionTask = (hidden: readonly number[], rate: number): Task => ({
  ...squared,
  ...{ otherNorm: "ln", optimizer: adamOf(rate) },
  networks: mlpNetwork(hidden, 2),
  samples: (images) => {
    const { across, down } = images.attributes;
    const middle = (SIDE - 1) / 2;
    const data = Float32Array.from({ length: 2 * images.count }, (_, i) =>
      i % 2 === 0 ? (across[i >> 1] - middle) / 2 : (down[i >> 1] - middle) / 2,
    );
    const targets = { dtype: "float32", shape: [images.count, 2], data } as const;
    return { ...images, inputs: pixelInputs(images), targets };
  },
});

/** DCGAN's discriminator. Its images come with class 1 (real) or 0 (generated). */
export const discriminatorTask = (rate: number): Task => ({
  unit: "points",
  ...{ otherNorm: "gn:1", optimizer: (factor) => adam({ rate: factor * rate, betas: [0.5, 0.999] }) },
  networks: (norm, channels) =>
    same(discriminator({ size: SIDE, channels, width: 8, stages: 3, norm }).whole),
  loss: (output, target) => binaryCrossEntropy(output, target as Traced),
  samples: (images) => ({
    ...images,
    inputs: { ...pixelInputs(images), data: images.pixels.map((pixel) => 2 * pixel - 1) },
    targets: { dtype: "float32", shape: [images.count, 1], data: Float32Array.from(images.classes) },
  }),
  errors: (outputs, { classes }, from, count) =>
    Array.from({ length: count }, (_, i) => (outputs[i] > 0 === (classes[from + i] === 1) ? 0 : 1)),
});

/** Width and height of the images of the flow. */
const FLOW_SIDE = 8;

/** A small RealNVP on 8×8 images. Its other norm is layer norm within couplings, ActNorm after. */
export const flowTask = (rate: number): Task => ({
  unit: "bits",
  ...{ otherNorm: "ln", optimizer: (factor) => adamax({ rate: factor * rate, epsilon: 1e-7 }) },
  networks: (norm, channels) => {
    const flow = realnvp({
      shape: [channels, FLOW_SIDE, FLOW_SIDE],
      ...{ norm, couplingNorm: norm === "bn" ? "bn" : "actnorm", scales: 1, width: 8, blocks: 1 },
    });
    return { trained: flow.loss, judged: flow.likelihood };
  },
  loss: (output) => output,
  samples: (images, part) => {
    const random = new Random(part === "train" ? 21 : 22);
    const data = new Float32Array(images.pixels.length / 4);
    for (let i = 0; i < data.length; i++) {
      const [plane, y, x] = [
        Math.floor(i / FLOW_SIDE ** 2),
        Math.floor(i / FLOW_SIDE) % FLOW_SIDE,
        i % FLOW_SIDE,
      ];
      const at = plane * SIDE ** 2 + 2 * y * SIDE + 2 * x;
      const mean =
        (images.pixels[at] +
          images.pixels[at + 1] +
          images.pixels[at + SIDE] +
          images.pixels[at + SIDE + 1]) /
        4;
      // Dequantized: grey levels with uniform noise.
      data[i] = (Math.min(255, Math.round(255 * mean)) + random.uniform()) / 256;
    }
    const shape = [images.count, images.channels, FLOW_SIDE, FLOW_SIDE];
    return { ...images, inputs: { dtype: "float32", shape, data }, targets: null };
  },
  errors: (outputs, { channels }, _, count) =>
    Array.from({ length: count }, (_, i) => bitsPerDimension(outputs[i], channels * FLOW_SIDE ** 2)),
});
