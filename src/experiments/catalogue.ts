import { UserError } from "../base/errors.js";
import type { Experiment } from "./experiment.js";

/** What there is to run: cheap to import, as each experiment is loaded when it is asked for. */
interface Entry {
  readonly name: string;
  readonly title: string;
  readonly load: () => Promise<Experiment>;
}

export const catalogue: readonly Entry[] = [
  {
    name: "blocked-terms",
    title: "Which Taylor terms of a loss pass batch normalization",
    load: async () => (await import("./blocked-terms/index.js")).blockedTerms,
  },
  {
    name: "blocked-learning",
    title: "A loss that all samples share, of diagonal curvature, right above the norm",
    load: async () => (await import("./blocked-learning/index.js")).blockedLearning,
  },
  {
    name: "one-class-batches",
    title: "Classification from batches of a single class",
    load: async () => (await import("./one-class-batches/index.js")).oneClassBatches,
  },
  {
    name: "gan-batches",
    title: "A GAN's discriminator on batches all real and all generated, or mixed",
    load: async () => (await import("./gan-batches/index.js")).ganBatches,
  },
  {
    name: "flow-interpolation",
    title: "Likelihood of blended digits under a flow, trained on batches of a single class",
    load: async () => (await import("./flow-interpolation/index.js")).flowInterpolation,
  },
  {
    name: "autoencoder",
    title: "Reconstruction, whose loss formula all samples share",
    load: async () => (await import("./autoencoder/index.js")).autoencoder,
  },
];

/** The entry of that name. Throws a UserError where there is none. */
export function experimentNamed(name: string): Entry {
  const entry = catalogue.find((e) => e.name === name);
  if (entry) return entry;
  throw new UserError(`experiment ${name}: expected one of ${catalogue.map((e) => e.name).join(", ")}`);
}
