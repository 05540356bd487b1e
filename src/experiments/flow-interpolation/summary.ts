import type { Batching } from "../../datasets/index.js";
import type { NormName } from "../../nn/index.js";

/** How likely a flow finds held-out blends: one number for every α of `ALPHAS`. */
export interface Course {
  /** Mean bits/dim. */
  readonly bits: readonly number[];
  /**
   * Probability that an image has fewer bits than a blend at this α; ties count half. It is 0.5
   * where bits do not separate images from blends, and 1 where they always do. This is the area
   * under the ROC curve.
   */
  readonly sorted: readonly number[];
}

/** The numbers of one run. */
export interface Summary {
  /** With running statistics, as a trained flow is used. */
  readonly running: Course;
  /** With the statistics of each batch. A batch holds blends of one α. */
  readonly batch: Course;
  /** The steps of training. */
  readonly steps: readonly number[];
  /** Bits/dim of the training batch of each step. */
  readonly training: readonly number[];
  /** Images that the flow makes of seeded latents: a PNG in base64. */
  readonly samples: string;
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

/** α is the share of the second image in a blend. */
export const ALPHAS: readonly number[] = Array.from({ length: 11 }, (_, i) => i / 10);

/** Index of α = ½ in `ALPHAS`. */
export const HALF = 5;

/** Mean bits/dim of unblended images, that is, at α = 0 and α = 1. */
export const bitsOfImages = ({ bits }: Course): number => (bits[0] + bits[bits.length - 1]) / 2;

/** Bits/dim of blends at α = ½ minus bits/dim of images. */
export const excess = (course: Course): number => course.bits[HALF] - bitsOfImages(course);
