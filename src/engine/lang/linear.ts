import { lax, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow } from "./borrow.js";
import { flip, reshape, transpose } from "./shape.js";

/** NumPy's matrix product, with broadcast leading axes. */
export function matmul(a: Traced, b: Traced): Traced {
  // jax-js lines up leading axes only between operands of one rank: a matrix times a stack comes out transposed.
  const rank = Math.max(a.ndim, b.ndim);
  const lift = (x: Traced) =>
    x.ndim < 2 || x.ndim === rank ? x : reshape(x, [...Array(rank - x.ndim).fill(1), ...x.shape]);
  return np.matmul(borrow(lift(a)), borrow(lift(b))) as Traced;
}

/**
 * Einstein summation as NumPy's, such as `bhid,bhjd->bhij`, without ellipses. Without `->` the result has the
 * letters that occur once, in alphabetical order.
 */
export function einsum(equation: string, operands: readonly Traced[]): Traced {
  const [left = "", right] = equation.replace(/\s/g, "").split("->");
  const all = [...left.replaceAll(",", "")].sort();
  const once = all.filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter));
  const letters = [...new Set(all)];
  const axes = (part: string) => [...part].map((letter) => letters.indexOf(letter));
  // jax-js reads equations with an iterator method that Node 20 lacks, so it gets axes instead.
  const parts = left.split(",").flatMap((part, i) => [borrow(operands[i]), axes(part)]);
  return np.einsum(...parts, axes(right ?? once.join(""))) as Traced;
}

/** Geometry of a convolution over S spatial axes. */
export interface ConvOptions {
  readonly strides: readonly number[];
  /** Padding before and after each spatial axis; negative crops. */
  readonly padding: readonly (readonly [number, number])[];
  readonly dilations: readonly number[];
  readonly groups: number;
}

const pairs = (padding: ConvOptions["padding"]): [number, number][] => padding.map(([a, b]) => [a, b]);

/** Cross-correlation of x [N, C, …] with w [O, C/groups, …]: the deep-learning convolution. */
export function conv(x: Traced, w: Traced, { strides, padding, dilations, groups }: ConvOptions): Traced {
  return lax.convGeneralDilated(borrow(x), borrow(w), [...strides], pairs(padding), {
    rhsDilation: [...dilations],
    featureGroupCount: groups,
  }) as Traced;
}

/**
 * Transposed convolution of x [N, C, …] with w [C, O/groups, …]: the adjoint of `conv` with the same
 * options, plus `outputPadding` extra elements at the end of each spatial axis.
 */
export function convTranspose(
  x: Traced,
  w: Traced,
  { strides, padding, dilations, groups }: ConvOptions,
  outputPadding: readonly number[],
): Traced {
  const [channels, perGroup, ...kernel] = w.shape as [number, number, ...number[]];
  const spatial = kernel.map((_, i) => i);
  // The adjoint correlates with the reversed kernel whose channel axes are swapped within each group.
  const grouped = reshape(w, [groups, channels / groups, perGroup, ...kernel]);
  const swapped = reshape(transpose(grouped, [0, 2, 1, ...spatial.map((i) => i + 3)]), [
    groups * perGroup,
    channels / groups,
    ...kernel,
  ]);
  const reversed = flip(
    swapped,
    spatial.map((i) => i + 2),
  );
  const around = spatial.map((i): [number, number] => {
    const reach = (kernel[i] - 1) * dilations[i];
    return [reach - padding[i][0], reach - padding[i][1] + outputPadding[i]];
  });
  return lax.convGeneralDilated(
    borrow(x),
    borrow(reversed),
    spatial.map(() => 1),
    around,
    { lhsDilation: [...strides], rhsDilation: [...dilations], featureGroupCount: groups },
  ) as Traced;
}
