import type { Tensor } from "../base/tensor.js";
import { concat, mul, reshape, square, sum, type Traced } from "../engine/lang/index.js";
import type { GroupLayout, GroupSums } from "../theory/index.js";

/**
 * Large float32 layers of at least this many elements return five sums per channel instead of y and
 * G. A float32 graph that adds in runs loses no more precision than y and G have, and copying y and
 * G out of the graph takes longer than summing them there.
 */
const FEWEST_ELEMENTS = 1 << 18;

/**
 * Whether y and G of a layer are summed within the graph. Only sums over channels are supported.
 */
export function isSummedInGraph(
  layer: {
    readonly groupedBy: string;
    readonly inputShape: readonly number[];
    readonly layout: GroupLayout;
  },
  precision: "float32" | "float64",
): boolean {
  const size = layer.inputShape.reduce((a, b) => a * b, 1);
  // With the channels last, one run over the leading axes takes the place of the samples.
  const channelsAtOne = layer.layout.outer === layer.inputShape[0];
  return precision === "float32" && layer.groupedBy === "channel" && channelsAtOne && size >= FEWEST_ELEMENTS;
}

/** Σy, Σy², ΣG, ΣG² and ΣG∘y of every channel of [N, C, …], as [5, C]. */
export function channelSums(y: Traced, cotangent: Traced): Traced {
  const axes = y.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const terms = [y, square(y), cotangent, square(cotangent), mul(cotangent, y)];
  return concat(
    terms.map((x) => reshape(sum(x, axes), [1, y.shape[1]])),
    0,
  );
}

/** The rows of `channelSums` by name. */
export function groupSums({ data, shape }: Tensor): GroupSums {
  const channels = shape[1];
  const row = (i: number) => data.subarray(i * channels, (i + 1) * channels);
  return { y: row(0), yy: row(1), g: row(2), gg: row(3), gy: row(4) };
}

/**
 * A standardized y has a variance near its mean square. Below this ratio the sums leave a doubt.
 */
const DOUBTFUL = 1e-3;

/**
 * Whether float32 sums are not enough to report a layer. Non-finite elements must be counted and
 * left out one by one. A constant channel can be told from an almost constant one only by float64
 * sums.
 */
export function isDoubtful({ y, yy, ...rest }: GroupSums, elements: number): boolean {
  const finite = [y, yy, ...Object.values(rest)].every((sums: ArrayLike<number>) =>
    Array.from(sums).every(Number.isFinite),
  );
  const varies = Array.from(
    yy,
    (square, i) => square - y[i] ** 2 / elements > DOUBTFUL * square || square === 0,
  );
  return !finite || !varies.every(Boolean);
}
