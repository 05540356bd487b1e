import { lax, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow, checkTraced } from "./borrow.js";
import { flip, reshape, transpose } from "./shape.js";

/**
 * Matrix product of a [*B, M, K] and b [*B, K, N], of shape [*B, M, N], as NumPy's matmul.
 *
 * Leading axes B broadcast. A vector counts as a matrix of one row (a) or of one column (b).
 */
export function matmul(a: Traced, b: Traced): Traced {
  // jax-js aligns leading axes only between operands of one rank: the product of a matrix and a
  // stack of matrices comes out transposed.
  for (const x of [a, b]) checkTraced(x);
  const rank = Math.max(a.ndim, b.ndim);
  const lift = (x: Traced) =>
    x.ndim < 2 || x.ndim === rank ? x : reshape(x, [...Array(rank - x.ndim).fill(1), ...x.shape]);
  return np.matmul(borrow(lift(a)), borrow(lift(b)));
}

/**
 * Einstein summation as in NumPy, without ellipses.
 *
 * @param equation - Axes of each operand and of the result, such as `bhid,bhjd->bhij`. Without `->`
 * the result has the letters that occur once, in alphabetical order.
 * @param operands - One value for each comma-separated part of the equation.
 */
export function einsum(equation: string, operands: readonly Traced[]): Traced {
  const [left = "", right] = equation.replace(/\s/g, "").split("->");
  const all = [...left.replaceAll(",", "")].sort();
  const once = all.filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter));
  const letters = [...new Set(all)];
  const axes = (part: string) => [...part].map((letter) => letters.indexOf(letter));
  // jax-js parses equations with an iterator method that Node 20 lacks, so the axes are passed as
  // numbers.
  const parts = left.split(",").flatMap((part, i) => [borrow(operands[i]), axes(part)]);
  return np.einsum(...parts, axes(right ?? once.join("")));
}

/** Geometry of a convolution. Every list has one entry for each spatial axis. */
export interface ConvOptions {
  /** Distance between neighbouring positions of the kernel. */
  readonly strides: readonly number[];
  /** Zeros before and after each spatial axis. Negative numbers crop. */
  readonly padding: readonly (readonly [number, number])[];
  /** Distance between neighbouring elements of the kernel. */
  readonly dilations: readonly number[];
  /** Number of groups of channels that are convolved independently. */
  readonly groups: number;
}

const pairs = (padding: ConvOptions["padding"]): [number, number][] => padding.map(([a, b]) => [a, b]);

/**
 * Cross-correlation, the convolution of deep learning: for stride s, dilation d and padding p along
 * one axis, y[n, o, i] = Σ over c, t of x[n, c, i·s + t·d − p] · w[o, c, t].
 *
 * @param x - Images [N, C, …] with any number of spatial axes.
 * @param w - Kernel [O, C/groups, …] with as many spatial axes.
 * @returns An array [N, O, …].
 */
export function conv(x: Traced, w: Traced, { strides, padding, dilations, groups }: ConvOptions): Traced {
  return lax.convGeneralDilated(borrow(x), borrow(w), [...strides], pairs(padding), {
    rhsDilation: [...dilations],
    featureGroupCount: groups,
  });
}

/**
 * Transposed convolution, the adjoint of `conv` with the same options.
 *
 * @param x - Images [N, C, …].
 * @param w - Kernel [C, O/groups, …].
 * @param outputPadding - Extra elements at the end of each spatial axis of the result.
 * @returns An array [N, O, …].
 */
export function convTranspose(
  x: Traced,
  w: Traced,
  { strides, padding, dilations, groups }: ConvOptions,
  outputPadding: readonly number[],
): Traced {
  const [channels, perGroup, ...kernel] = checkTraced(w).shape as [number, number, ...number[]];
  const spatial = kernel.map((_, i) => i);
  // The adjoint is a correlation with the reversed kernel; its channel axes swap roles within each
  // group.
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
  );
}
