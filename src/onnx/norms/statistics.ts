/** The elements of x [N, C, …] that share one mean and variance, as a choice of axes. */
export type StatisticsAxes =
  /** All elements of a channel: the batch axis and all positions. */
  | { readonly over: "batch" }
  /** All positions of one channel of one sample. */
  | { readonly over: "positions" }
  /** The channels and positions of one of `groups` equal groups of channels, within one sample. */
  | { readonly over: "groups"; readonly groups: number }
  /** All axes from `axis` on; negative values count from the last axis. */
  | { readonly over: "trailing"; readonly axis: number }
  /** The listed axes; negative values count from the last axis. */
  | { readonly over: "axes"; readonly axes: readonly number[] };

/** Scale γ or bias β of the affine phase. */
export interface AffineOperand {
  /** Name of the value in the graph. */
  readonly value: string;
  /** How its elements lie against x. */
  readonly per: AffineLayout;
}

/**
 * One number per channel, one number per group of channels, or a tensor that already broadcasts
 * against x.
 */
export type AffineLayout = "channel" | "group" | "element";

/**
 * A number that the file multiplies with a mean or a sum: Π times / Π over, both one number each.
 */
export interface Factor {
  /** Whether it is multiplied with a sum over the group, instead of a mean. */
  readonly summed: boolean;
  /** Names of values that are known while tracing. */
  readonly times: readonly string[];
  readonly over: readonly string[];
}

/** A σ that is not √(v + ε), with v the biased variance. */
export interface OwnDeviation {
  /** √(k·v + ε), √(k·v) + ε or √max(k·v, ε). */
  readonly epsilon: "inside" | "outside" | "floor";
  /** k, as n/(n − 1) for an unbiased variance. */
  readonly factor: Factor;
  /** The factor of the mean, which must be that of a mean. */
  readonly mean: Factor;
}

/** The axes of x that mean and variance are taken over, in ascending order. */
export function reducedAxes(statistics: Exclude<StatisticsAxes, { over: "groups" }>, rank: number): number[] {
  const all = Array.from({ length: rank }, (_, i) => i);
  switch (statistics.over) {
    case "batch":
      return all.filter((i) => i !== 1);
    case "positions":
      return all.slice(2);
    case "trailing":
      return all.slice(statistics.axis);
    case "axes":
      return statistics.axes.map((a) => (a < 0 ? a + rank : a)).sort((a, b) => a - b);
  }
}
