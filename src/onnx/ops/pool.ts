import type { Traced } from "../../engine/lang/index.js";
import * as lang from "../../engine/lang/index.js";
import type { NodeContext, Op, OpTable } from "./context.js";
import { windowOf } from "./window.js";

/** Geometry of a pooling window, one entry per spatial axis. */
interface Pooling {
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** The padding of the node's attributes. */
  readonly padding: readonly (readonly [number, number])[];
  /** `padding`, with more at the end if ceil_mode adds a window there. */
  readonly filled: readonly (readonly [number, number])[];
}

function poolingOf(node: NodeContext, input: readonly number[]): Pooling {
  const window = node.attributes.numbers("kernel_shape");
  if (!window) throw node.error("kernel_shape is missing");
  const { strides, padding, dilations } = windowOf(node, input, window);
  // From the first to the last element of a window.
  const reach = window.map((size, i) => (size - 1) * dilations[i] + 1);
  const ceil = node.attributes.number("ceil_mode", 0) === 1;
  const filled = padding.map(([before, after], i): readonly [number, number] => {
    const span = input[i] + before + after - reach[i];
    if (span < 0) throw node.error(`window ${reach[i]} is larger than the padded axis ${i + 2}`);
    if (!ceil) return [before, after];
    let positions = Math.ceil(span / strides[i]);
    // PyTorch leaves out a window that starts in the padding after the input.
    if (positions * strides[i] >= input[i] + before) positions--;
    return [before, Math.max(after, positions * strides[i] + reach[i] - input[i] - before)];
  });
  return { window, strides, dilations, padding, filled };
}

const maxPool: Op = (node) => {
  if (node.node.outputs[1]) throw node.error("the output with the indices of the maxima is not supported");
  const x = node.tensor(0);
  const { window, strides, dilations, filled } = poolingOf(node, x.shape.slice(2));
  return lang.maxPool(x, { window, strides, dilations, padding: filled });
};

/**
 * The sum of every window divided by the number of its elements: those inside the input, or also
 * those in its padding with `count_include_pad`.
 */
const averagePool: Op = (node) => {
  const x = node.tensor(0);
  const { window, strides, dilations, padding, filled } = poolingOf(node, x.shape.slice(2));
  const sums = lang.sumPool(x, { window, strides, dilations, padding: filled });
  const withPadding = node.attributes.number("count_include_pad", 0) === 1;
  const counts = window.map((size, i) => {
    const [before, after] = withPadding ? padding[i] : [0, 0];
    const first = filled[i][0] - before;
    const last = filled[i][0] + x.shape[i + 2] + after;
    return Array.from({ length: sums.shape[i + 2] }, (_, p) => {
      const places = Array.from({ length: size }, (_, t) => p * strides[i] + t * dilations[i]);
      return places.filter((place) => place >= first && place < last).length;
    });
  });
  return counts.reduce((y, count, i) => divideAlong(y, i + 2, count), sums);
};

/** Divides y by one number per position of an axis. */
function divideAlong(y: Traced, axis: number, divisors: readonly number[]): Traced {
  if (divisors.every((d) => d === divisors[0])) return lang.mul(y, 1 / divisors[0]);
  const dtype = lang.dtypeOf(y);
  const shares = divisors.map((d) => 1 / d);
  const data = dtype === "float64" ? Float64Array.from(shares) : Float32Array.from(shares);
  const shape = y.shape.map((_, i) => (i === axis ? divisors.length : 1));
  return lang.mul(y, lang.constant(data, shape, dtype));
}

/** The axes after batch and channel. */
const spatial = (x: Traced): number[] => x.shape.map((_, i) => i).slice(2);

/** (Σ |x|^p)^(1/p) over all positions. */
const globalLpPool: Op = (node) => {
  const x = node.tensor(0);
  const p = node.attributes.number("p", 2);
  const sums = lang.sum(lang.pow(lang.abs(x), p), spatial(x), { keepdims: true });
  return p === 1 ? sums : lang.rootOfPowers(sums, p);
};

export const poolOps: OpTable = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: (node) => {
    const x = node.tensor(0);
    return lang.mean(x, spatial(x), { keepdims: true });
  },
  GlobalMaxPool: (node) => {
    const x = node.tensor(0);
    return lang.firstMax(x, spatial(x), { keepdims: true });
  },
  GlobalLpPool: globalLpPool,
};
