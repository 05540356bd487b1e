import { datasetNames } from "../../datasets/index.js";
import {
  belowOne,
  oneOf,
  positive,
  type SettingsTable,
  twoSizes,
  type ValuesOf,
  wholeNumber,
} from "../settings.js";
import { augmentations } from "./images.js";
import { networkNames } from "./network.js";

const kinds = {
  dataset: oneOf(datasetNames),
  /** Training images. */
  images: wholeNumber(500),
  /** Test images. */
  tested: wholeNumber(500),
  network: oneOf(networkNames),
  /** Widths of the MLP's hidden layers. */
  hidden: twoSizes,
  augment: oneOf(augmentations),
  /** Whether pixels are standardized by channel. */
  standardize: oneOf(["no", "yes"]),
  batch: wholeNumber(2),
  epochs: wholeNumber(1),
  rate: positive,
  momentum: belowOne,
  weightDecay: belowOne,
  /** Steps from one recorded step to the next. */
  recordEvery: wholeNumber(1),
};

export type Settings = ValuesOf<typeof kinds>;

/** Settings of SGD: those of the earlier hand run (docs/theory.md, section 8, item 3). */
const optimizer = { rate: 0.01, momentum: 0.9 };
const small = {
  network: "mlp",
  augment: "none",
  standardize: "no",
  weightDecay: 0,
  recordEvery: 10,
} as const;

const scales = {
  smoke: {
    ...{ dataset: "glyphs", images: 2000, tested: 1000, hidden: [64, 32], batch: 32, epochs: 6 },
    ...{ ...small, ...optimizer },
  },
  cpu: {
    ...{ dataset: "mnist", images: 10_000, tested: 10_000, hidden: [256, 128], batch: 64, epochs: 6 },
    ...{ ...small, ...optimizer },
  },
  // The paper's authors train VGG-11 with these settings, and also `network=resnet18` and
  // `network=densenet121`.
  paper: {
    ...{ dataset: "cifar10", images: 50_000, tested: 10_000, network: "vgg11-one-norm", hidden: [256, 128] },
    ...{ augment: "flip-crop", standardize: "yes", batch: 128, epochs: 100 },
    ...{ ...optimizer, weightDecay: 0.01, recordEvery: 10 },
  },
} as const satisfies SettingsTable<Settings>["scales"];

export const settings: SettingsTable<Settings> = { kinds, scales };
