import type { NormName } from "../../nn/index.js";
import type { Series } from "../training/metrics.js";

/** What one run comes to. */
export interface Summary {
  readonly loss: Series;
  /** Mean squared error over the test images in evaluation, during training … */
  readonly errors: Series;
  /** … and at its end. */
  readonly error: number;
  /** Accuracy of a linear probe of the code. */
  readonly probe: number;
  /** What the norm layers did to the gradient, from the image to its reconstruction; none where nothing is blocked. */
  readonly recorded: readonly Recorded[];
}

export interface Recorded {
  readonly layer: string;
  /** Share of the gradient energy. */
  readonly blocked: Series;
  /** What the weights below miss. */
  readonly removed: Series;
}

/** The runs of a norm, one for every seed. */
export interface Runs {
  readonly norm: NormName;
  readonly summaries: readonly Summary[];
}

export const meanOf = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;

/** `removed`, the mean over training and over the layers. */
export const removedOverall = ({ recorded }: Summary): number =>
  meanOf(recorded.map(({ removed }) => meanOf(removed.values)));
