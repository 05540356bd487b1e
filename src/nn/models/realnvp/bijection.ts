import { add, dtypeOf, full, sum, type Traced } from "../../../engine/lang/index.js";
import type { Pass } from "../../network.js";

/** Output of an invertible map. */
export interface Mapped {
  /** Mapped samples, [N, …]. */
  readonly y: Traced;
  /** log |det ∂y/∂x| of each sample, [N]. */
  readonly logDeterminant: Traced;
}

/** An invertible map of the samples of a batch, [N, …]. */
export interface Bijection {
  /** Maps x to y. */
  forward(pass: Pass, x: Traced): Mapped;
  /**
   * Maps y back to x. Norms use running statistics, as in evaluation: y does not tell the
   * statistics of the batch that it was divided by.
   */
  inverse(pass: Pass, y: Traced): Traced;
}

/** Joins maps, first to last; the inverse applies their inverses from the last to the first. */
export const composed = (maps: readonly Bijection[]): Bijection => ({
  forward: (pass, x) =>
    maps.reduce<Mapped>((before, map) => {
      const { y, logDeterminant } = map.forward(pass, before.y);
      return { y, logDeterminant: add(before.logDeterminant, logDeterminant) };
    }, volumePreserving(x)),
  inverse: (pass, y) => maps.reduceRight((value, map) => map.inverse(pass, value), y),
});

/** The output y of a map that only rearranges elements; its log-determinant is 0. */
export const volumePreserving = (y: Traced): Mapped => ({
  y,
  logDeterminant: full([y.shape[0]], 0, dtypeOf(y)),
});

/** Sums the elements of each sample: [N, …] → [N]. */
export const sumOfSample = (x: Traced): Traced =>
  sum(
    x,
    x.shape.map((_, axis) => axis).filter((axis) => axis > 0),
  );
