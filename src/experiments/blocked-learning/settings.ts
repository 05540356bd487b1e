import { positive, type SettingsTable, type ValuesOf, wholeNumber } from "../settings.js";

const kinds = {
  inputs: wholeNumber(1),
  hidden: wholeNumber(1),
  outputs: wholeNumber(1),
  batch: wholeNumber(2),
  /** Learning rate of SGD. */
  rate: positive,
  steps: wholeNumber(1),
};

export type Settings = ValuesOf<typeof kinds>;

export const settings: SettingsTable<Settings> = {
  kinds,
  scales: {
    smoke: { inputs: 16, hidden: 32, outputs: 8, batch: 64, rate: 0.05, steps: 300 },
    cpu: { inputs: 32, hidden: 64, outputs: 16, batch: 64, rate: 0.05, steps: 2000 },
    // The paper trains no such network. The sizes are those of its images and batches.
    paper: { inputs: 784, hidden: 256, outputs: 64, batch: 64, rate: 0.05, steps: 10_000 },
  },
};
