import { datasetNames } from "../../datasets/index.js";
import { oneOf, positive, type SettingsTable, type ValuesOf, wholeNumber, yesOrNo } from "../settings.js";

const kinds = {
  dataset: oneOf(datasetNames),
  /** The labels of the two classes. */
  first: wholeNumber(0),
  second: wholeNumber(0),
  /** Pairs of held-out images that are blended. A multiple of `batch`. */
  pairs: wholeNumber(1),
  /** Whether flows are also trained on shuffled batches. */
  shuffled: yesOrNo,
  /** `scales`, `width` and `blocks` of `realnvp`. */
  scales: wholeNumber(1),
  width: wholeNumber(1),
  blocks: wholeNumber(0),
  batch: wholeNumber(2),
  steps: wholeNumber(1),
  /** Learning rate of Adamax. */
  rate: positive,
  /** Weight decay. */
  decay: positive,
};

export type Settings = ValuesOf<typeof kinds>;

/** Learning rate and weight decay of the official code. */
const official = { rate: 1e-3, decay: 1e-4 };
/**
 * For fewer steps. After 300 steps the official rate reaches 3.3 bits/dim and this rate reaches 2.
 */
const quicker = { ...official, rate: 5e-3 };

const digits = { dataset: "mnist", first: 8, second: 9, scales: 2, batch: 64, shuffled: true } as const;

const scales = {
  smoke: {
    ...{ dataset: "glyphs", first: 2, second: 5, pairs: 32, shuffled: false },
    ...{ scales: 1, width: 4, blocks: 1, batch: 32, steps: 40, ...quicker },
  },
  cpu: { ...digits, pairs: 256, width: 8, blocks: 1, steps: 200, ...quicker },
  // The official code trains for 100 epochs of 600 batches and compares all 974 pairs.
  paper: { ...digits, pairs: 960, width: 64, blocks: 8, steps: 60_000, ...official },
} as const satisfies SettingsTable<Settings>["scales"];

export const settings: SettingsTable<Settings> = { kinds, scales };
