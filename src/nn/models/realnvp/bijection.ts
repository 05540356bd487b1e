import { add, dtypeOf, full, sum, type Traced } from "../../../engine/lang/index.js";
import type { Pass } from "../../network.js";

/** What an invertible map makes of a batch. */
export interface Mapped {
  readonly y: Traced;
  /** log |det ∂y/∂x| of every sample: [N]. */
  readonly logDeterminant: Traced;
}

/** An invertible map of the samples of a batch [N, …]. */
export interface Bijection {
  forward(pass: Pass, x: Traced): Mapped;
  /** x from y as in evaluation: a batch's own statistics are lost once it has been divided by them. */
  inverse(pass: Pass, y: Traced): Traced;
}

/** One map after another; the inverse goes back from the last. */
export const composed = (maps: readonly Bijection[]): Bijection => ({
  forward: (pass, x) =>
    maps.reduce<Mapped>((before, map) => {
      const { y, logDeterminant } = map.forward(pass, before.y);
      return { y, logDeterminant: add(before.logDeterminant, logDeterminant) };
    }, unchanged(x)),
  inverse: (pass, y) => maps.reduceRight((value, map) => map.inverse(pass, value), y),
});

/** y as a rearrangement of the elements of x: volumes stay as they are. */
export const unchanged = (y: Traced): Mapped => ({
  y,
  logDeterminant: full([y.shape[0]], 0, dtypeOf(y)),
});

/** The sum over the elements of every sample: [N]. */
export const sumOfSample = (x: Traced): Traced =>
  sum(
    x,
    x.shape.map((_, axis) => axis).filter((axis) => axis > 0),
  );
