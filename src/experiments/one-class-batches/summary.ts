import type { Batching } from "../../datasets/index.js";
import type { NormName } from "../../nn/index.js";
import type { Series } from "../training/metrics.js";
import type { Quality } from "./evaluate.js";

/** What one run comes to. */
export interface Summary {
  readonly quality: Quality;
  readonly loss: Series;
  /** On the test set, with its own head. */
  readonly accuracy: Series;
  /** Of the gradient energy at the norm, and of the gradient of the weights below; empty where nothing is blocked. */
  readonly blocked: Series;
  readonly removed: Series;
  readonly points: readonly (readonly [number, number])[];
  readonly labels: readonly number[];
}

/** The runs of a norm with one kind of batch, one for every seed. */
export interface Runs {
  readonly norm: NormName;
  readonly batching: Batching;
  readonly summaries: readonly Summary[];
}
