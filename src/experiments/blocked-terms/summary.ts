import type { Synthetic } from "./synthetic.js";
import type { Mixture, Through } from "./trained.js";

/** The numbers of one seed. */
export interface Summary {
  /** From random formulas. */
  readonly synthetic: Synthetic;
  /** From a trained network, on a mixed batch and on a batch of one class. */
  readonly trained: Record<Mixture, Through>;
}
