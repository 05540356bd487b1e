import { UserError } from "../base/errors.js";
import type { Experiment } from "./experiment.js";

/**
 * An experiment that can be run. It is loaded only when it is asked for, so the catalogue is cheap
 * to import.
 */
interface Entry {
  readonly name: string;
  readonly title: string;
  readonly load: () => Promise<Experiment>;
}

/** All experiments, in the order in which `reproduce all` runs them. */
export const catalogue: readonly Entry[] = [
  {
    name: "blocked-terms",
    title: "Which Taylor terms of a loss pass batch normalization",
    load: async () => (await import("./blocked-terms/index.js")).blockedTerms,
  },
  {
    name: "blocked-learning",
    title: "A loss with diagonal curvature that all samples share, right above the norm",
    load: async () => (await import("./blocked-learning/index.js")).blockedLearning,
  },
  {
    name: "one-class-batches",
    title: "Classification from batches of a single class",
    load: async () => (await import("./one-class-batches/index.js")).oneClassBatches,
  },
  {
    name: "gan-batches",
    title: "A GAN's discriminator on separate or mixed batches of real and generated images",
    load: async () => (await import("./gan-batches/index.js")).ganBatches,
  },
  {
    name: "flow-interpolation",
    title: "Likelihood of blended digits under a flow trained on batches of a single class",
    load: async () => (await import("./flow-interpolation/index.js")).flowInterpolation,
  },
  {
    name: "autoencoder",
    title: "Reconstruction, where all samples share one loss formula",
    load: async () => (await import("./autoencoder/index.js")).autoencoder,
  },
  {
    name: "calibration",
    title: "Which batches cost something, and what the agreement of batches foretells of it",
    load: async () => (await import("./calibration/index.js")).calibration,
  },
];

/** The experiment of that name. Throws a UserError where there is none. */
export function experimentNamed(name: string): Entry {
  const entry = catalogue.find((e) => e.name === name);
  if (entry) return entry;
  throw new UserError(`experiment ${name}: expected one of ${catalogue.map((e) => e.name).join(", ")}`);
}
