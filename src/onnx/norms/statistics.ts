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
