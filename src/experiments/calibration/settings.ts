import { belowOne, oneOf, type SettingsTable, type ValuesOf, wholeNumber } from "../settings.js";
import { familyNames } from "./family-names.js";

const kinds = {
  /** One family of tasks, or all of them. */
  family: oneOf(["all", ...familyNames]),
  /** `own`: the data set of each family. `glyphs`: drawn signs, which need no download. */
  data: oneOf(["own", "glyphs"]),
  /** `all`: every composition that the family has. `few`: a slice that takes seconds. */
  compositions: oneOf(["all", "few"]),
  /** Training images. */
  images: wholeNumber(128),
  /** Test images. */
  tested: wholeNumber(100),
  /** Passes through the training images. */
  epochs: wholeNumber(1),
  /** Samples that agreement is measured on, in 8 to 64 batches. */
  audited: wholeNumber(32),
  /** Random cuts that agreement is compared with. */
  cuts: wholeNumber(2),
  /** The second moment of measuring, as a share of all steps. The first is before training. */
  moment: belowOne,
};

export type Settings = ValuesOf<typeof kinds>;

const scales = {
  smoke: {
    ...{ family: "mlp-fashion", data: "glyphs", compositions: "few", images: 1000, tested: 500 },
    ...{ epochs: 4, audited: 256, cuts: 3, moment: 0.1 },
  },
  cpu: {
    ...{ family: "all", data: "own", compositions: "all", images: 2000, tested: 1000 },
    ...{ epochs: 4, audited: 512, cuts: 3, moment: 0.1 },
  },
} as const satisfies SettingsTable<Settings>["scales"];

export const settings: SettingsTable<Settings> = { kinds, scales };
