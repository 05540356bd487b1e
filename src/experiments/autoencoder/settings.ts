import { datasetNames } from "../../datasets/index.js";
import { oneOf, positive, type SettingsTable, twoSizes, type ValuesOf, wholeNumber } from "../settings.js";

const kinds = {
  dataset: oneOf(datasetNames),
  /** Training images. */
  images: wholeNumber(500),
  /** Test images. */
  tested: wholeNumber(500),
  /** Channels of the two convolutions. */
  widths: twoSizes,
  /** Numbers that encode one image. */
  code: wholeNumber(1),
  batch: wholeNumber(2),
  epochs: wholeNumber(1),
  /** Learning rate of Adam. */
  rate: positive,
  /** Steps from one recorded step to the next. */
  recordEvery: wholeNumber(1),
};

export type Settings = ValuesOf<typeof kinds>;

const scales = {
  smoke: {
    ...{ dataset: "glyphs", images: 1200, tested: 500, widths: [8, 16], code: 16 },
    ...{ batch: 32, epochs: 2, rate: 1e-3, recordEvery: 5 },
  },
  cpu: {
    ...{ dataset: "fashion-mnist", images: 10_000, tested: 5000, widths: [16, 32], code: 32 },
    ...{ batch: 64, epochs: 5, rate: 1e-3, recordEvery: 10 },
  },
  paper: {
    ...{ dataset: "cifar10", images: 50_000, tested: 10_000, widths: [64, 128], code: 256 },
    ...{ batch: 128, epochs: 50, rate: 1e-3, recordEvery: 10 },
  },
} as const satisfies SettingsTable<Settings>["scales"];

export const settings: SettingsTable<Settings> = { kinds, scales };
