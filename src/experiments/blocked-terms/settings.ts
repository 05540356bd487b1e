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

const kinds = {
  /** Random cases for each seed. */
  cases: wholeNumber(2),
  dataset: oneOf(datasetNames),
  images: wholeNumber(500),
  hidden: twoSizes,
  batch: wholeNumber(2),
  epochs: wholeNumber(1),
  rate: positive,
  momentum: belowOne,
};

export type Settings = ValuesOf<typeof kinds>;

const optimizer = { rate: 0.01, momentum: 0.9 };

const scales = {
  smoke: {
    ...{ cases: 50, dataset: "glyphs", images: 2000, hidden: [64, 32], batch: 32, epochs: 3 },
    ...optimizer,
  },
  cpu: {
    ...{ cases: 500, dataset: "mnist", images: 10_000, hidden: [256, 128], batch: 64, epochs: 3 },
    ...optimizer,
  },
  paper: {
    ...{ cases: 2000, dataset: "mnist", images: 60_000, hidden: [512, 256], batch: 64, epochs: 10 },
    ...optimizer,
  },
} as const satisfies SettingsTable<Settings>["scales"];

export const settings: SettingsTable<Settings> = { kinds, scales };
