import type { Batching } from "../../datasets/index.js";
import type { NormName } from "../../nn/index.js";
import type { Projection } from "../result.js";
import type { Series } from "../training/metrics.js";

/**
 * How well the features of a trained network separate the classes, on the test images in evaluation
 * mode.
 */
export interface Quality {
  /** Accuracy of a linear probe of the inputs of the head. */
  readonly probe: number;
  /**
   * Accuracy of a linear probe of the inputs of the last norm. Running statistics, and the units
   * that they switch off, do not affect it.
   */
  readonly probeBelow: number;
  /** Accuracy of the network with its own head. */
  readonly head: number;
  /** Mean silhouette of the classes. */
  readonly silhouette: number;
  /** Between-class over within-class scatter. */
  readonly scatter: number;
}

/** The numbers of one run. */
export interface Summary {
  readonly quality: Quality;
  /** Training loss. */
  readonly loss: Series;
  /** Accuracy on the test images with the network's own head. */
  readonly accuracy: Series;
  /** Blocked share of the gradient energy at the last norm; empty where the norm blocks nothing. */
  readonly blocked: Series;
  /**
   * Share of the weight gradient's length that is removed below the last norm; empty where the norm
   * blocks nothing.
   */
  readonly removed: Series;
  /** Features of test images in the plane, by projection. */
  readonly planes: Readonly<Record<Projection, readonly (readonly [number, number])[]>>;
  /** Class numbers of the images in `planes`. */
  readonly labels: readonly number[];
}

/** A norm with one kind of batch. */
export interface Condition {
  readonly norm: NormName;
  readonly batching: Batching;
}

/** The runs of one condition. */
export interface Runs extends Condition {
  /** In the order of the seeds. */
  readonly summaries: readonly Summary[];
}
