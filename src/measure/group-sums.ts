import type { Tensor } from "../base/tensor.js";
import { concat, mul, reshape, square, sum, type Traced } from "../engine/lang/index.js";
import type { OpenedLayer } from "../onnx/index.js";
import type { GroupSums } from "../theory/index.js";

/**
 * Layers of at least this many elements, float32, leave five sums a channel instead of y and G: what a graph of float32
 * adds up in runs is as near as its y and G are, and copying these out takes longer than summing them.
 */
const FEWEST_ELEMENTS = 1 << 18;

/** Whether y and G of a layer are summed within the graph. */
export function isSummedInGraph(
  { norm, inputShape }: OpenedLayer,
  precision: "float32" | "float64",
): boolean {
  const size = inputShape.reduce((a, b) => a * b, 1);
  return precision === "float32" && norm.kind === "batch" && size >= FEWEST_ELEMENTS;
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

/** y varies by less than this fraction of its length: it should vary by all of it. */
const DOUBTFUL = 1e-3;

/**
 * Whether sums in float32 cannot tell what is to be reported: NaN and infinite elements are counted and left out one by one,
 * and a channel that does not vary is told from one that hardly does by sums in float64.
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
