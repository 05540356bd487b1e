import { meanOf } from "../../base/statistics.js";
import type { NormName } from "../../nn/index.js";
import type { Series } from "../training/metrics.js";

/** The numbers of one run. */
export interface Summary {
  readonly loss: Series;
  /** Mean squared error on the test images, in evaluation mode, at every checkpoint. */
  readonly errors: Series;
  /** Mean squared error on the test images at the end of training. */
  readonly error: number;
  /** Accuracy of a linear probe of the code. */
  readonly probe: number;
  /**
   * The recorded norm layers from the image to its reconstruction. Layers that block nothing are
   * absent.
   */
  readonly recorded: readonly RecordedLayer[];
}

/** What one norm layer did to the gradient during training. */
export interface RecordedLayer {
  readonly layer: string;
  /** Blocked share of the gradient energy. */
  readonly blocked: Series;
  /** Share of the weight gradient's length that is removed from the weights below. */
  readonly removed: Series;
}

/** The runs of one norm. */
export interface Runs {
  readonly norm: NormName;
  /** In the order of the seeds. */
  readonly summaries: readonly Summary[];
}

/** `removed`: the mean over training, then over the norm layers. */
export const removedOverall = ({ recorded }: Summary): number =>
  meanOf(recorded.map(({ removed }) => meanOf(removed.values)));
