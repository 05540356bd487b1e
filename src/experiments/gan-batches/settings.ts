import { datasetNames } from "../../datasets/index.js";
import { belowOne, oneOf, positive, type SettingsTable, type ValuesOf, wholeNumber } from "../settings.js";

const kinds = {
  dataset: oneOf(datasetNames),
  /** Training images. */
  images: wholeNumber(500),
  /** Training images that train the linear probe, and test images that it is judged on. */
  probed: wholeNumber(500),
  /** Channels of the stage next to the image, in both networks. */
  width: wholeNumber(1),
  /** Stages of each network. A stage halves or doubles the size of the feature maps. */
  stages: wholeNumber(2),
  /** Numbers that the generator makes an image of. */
  latent: wholeNumber(1),
  /** Real images of a step. A step generates as many. */
  batch: wholeNumber(2),
  epochs: wholeNumber(1),
  /** Learning rate of Adam. */
  rate: positive,
  /** β₁ of Adam. */
  firstDecay: belowOne,
  /** Steps from one recorded step to the next. */
  recordEvery: wholeNumber(1),
};

export type Settings = ValuesOf<typeof kinds>;

/** Settings of Adam in PyTorch's DCGAN example. */
const optimizer = { rate: 2e-4, firstDecay: 0.5 };

const scales = {
  smoke: {
    ...{ dataset: "glyphs", images: 1600, probed: 1000, width: 8, stages: 3, latent: 16 },
    ...{ batch: 32, epochs: 1, recordEvery: 5, ...optimizer },
  },
  cpu: {
    ...{ dataset: "mnist", images: 10_000, probed: 5000, width: 16, stages: 3, latent: 64 },
    ...{ batch: 64, epochs: 5, recordEvery: 10, ...optimizer },
  },
  paper: {
    ...{ dataset: "cifar10", images: 50_000, probed: 10_000, width: 64, stages: 3, latent: 100 },
    ...{ batch: 128, epochs: 25, recordEvery: 10, ...optimizer },
  },
} as const satisfies SettingsTable<Settings>["scales"];

export const settings: SettingsTable<Settings> = { kinds, scales };
