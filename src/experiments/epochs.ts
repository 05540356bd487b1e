import { UserError } from "../base/errors.js";
import { type Batching, epochBatches, Random } from "../datasets/index.js";

/**
 * The batches of a run, as indices into the labels. Every epoch has an order of its own. The same
 * step always gives the same batch. The constructor throws a UserError where there are too few
 * images for a batch.
 */
export class Epochs {
  /** Number of batches in an epoch. */
  readonly length: number;
  private latest = -1;
  private order: number[][] = [];

  constructor(
    private readonly labels: Uint8Array,
    private readonly options: {
      readonly size: number;
      readonly batching: Batching;
      readonly seed: number;
    },
  ) {
    this.length = this.epoch(0).length;
    const { size, batching } = options;
    if (this.length === 0)
      throw new UserError(
        `batch ${size}: expected at most ${batching === "label" ? "the images of a class" : `the ${labels.length} images`}; use smaller batches or more images`,
      );
  }

  /** The batch that follows after `step` steps. */
  batch(step: number): number[] {
    return this.epoch(Math.floor(step / this.length))[step % this.length];
  }

  /** The batches of one epoch. The latest epoch is kept, since steps ask for it again and again. */
  private epoch(epoch: number): number[][] {
    if (epoch !== this.latest) {
      const { seed, ...options } = this.options;
      this.order = epochBatches(this.labels, { ...options, random: new Random(1000 * (seed + 1) + epoch) });
      this.latest = epoch;
    }
    return this.order;
  }
}
