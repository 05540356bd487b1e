import type { Batching } from "../../datasets/index.js";
import type { NormName } from "../../nn/index.js";
import type { Quality } from "./evaluate.js";

/** What one run comes to. */
export interface Summary {
  readonly quality: Quality;
  readonly steps: readonly number[];
  readonly losses: readonly number[];
  readonly measuredAt: readonly number[];
  readonly accuracies: readonly number[];
  readonly points: readonly (readonly [number, number])[];
  readonly labels: readonly number[];
}

/** The runs of a norm with one kind of batch, one for every seed. */
export interface Runs {
  readonly norm: NormName;
  readonly batching: Batching;
  readonly summaries: readonly Summary[];
}
