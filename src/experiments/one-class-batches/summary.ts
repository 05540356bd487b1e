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

/** Runs by norm and batching, one for every seed. */
export type Summaries = ReadonlyMap<string, readonly Summary[]>;

export const conditionOf = (norm: NormName, batching: Batching): string => `${norm}, ${batching}`;
