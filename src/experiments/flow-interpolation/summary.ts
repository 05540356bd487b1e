import type { Batching } from "../../datasets/index.js";
import type { NormName } from "../../nn/index.js";

/** How likely the flow finds held-out blends; one number for every α. */
export interface Course {
  /** Mean bits/dim. */
  readonly bits: readonly number[];
  /**
   * Probability that a real image has fewer bits than a blend at this α (ties count half): 0.5 where bits do not tell
   * them apart, 1 where they always do. The area under the ROC curve.
   */
  readonly sorted: readonly number[];
}

/** What one run comes to. */
export interface Summary {
  /** With running statistics, as a trained flow is used. */
  readonly running: Course;
  /** With the statistics of each batch of blends at one α. */
  readonly batch: Course;
  readonly steps: readonly number[];
  /** Bits/dim of the training batches. */
  readonly training: readonly number[];
  /** Images drawn from the flow, as a PNG in base64. */
  readonly samples: string;
}

/** The runs of a norm with one kind of batch, one for every seed. */
export interface Runs {
  readonly norm: NormName;
  readonly batching: Batching;
  readonly summaries: readonly Summary[];
}

/** The share of a blend that is the second image. */
export const ALPHAS: readonly number[] = Array.from({ length: 11 }, (_, i) => i / 10);

/** Index of α = ½. */
export const HALF = 5;

/** Mean bits/dim of real images: at α = 0 and 1. */
export const bitsOfReal = ({ bits }: Course): number => (bits[0] + bits.at(-1)!) / 2;

/** How many more bits/dim blends at α = ½ have than real images. */
export const excess = (course: Course): number => course.bits[HALF] - bitsOfReal(course);
