import { concat, matmul, reshape, sum, type Traced, transpose, vjp } from "../engine/lang/index.js";
import { runLength } from "./channel-rows.js";
import type { LinearOp } from "./linear-op.js";

/** The products of this many elements of a weight gradient are summed at a time. */
const RUN = 1 << 14;

/**
 * The pullback of a linear op to its weight: from a cotangent of its output to a weight gradient.
 */
export function weightPullback({ value, operands, apply }: LinearOp): (cotangent: Traced) => Traced {
  const { pullback } = vjp((w) => ({ out: [apply(w, operands)], aux: [] }), [value]);
  return (cotangent) => pullback([cotangent])[0];
}

/**
 * The axes of a weight gradient in the order in which the engine stores them: a kernel's offsets come
 * first. To read them in this order moves no data.
 */
export const storedOrder = (rank: number): number[] =>
  Array.from({ length: rank }, (_, axis) => axis)
    .slice(2)
    .concat(rank > 1 ? [0, 1] : [0]);

/**
 * The inner products of weight gradients with each other, as a matrix with a row and a column for
 * each of them.
 */
export function innerProducts(gradients: readonly Traced[]): Traced {
  const { size, shape } = gradients[0];
  const run = runLength(size, RUN);
  // A sum does not depend on the order.
  const order = storedOrder(shape.length);
  const rows = gradients.map((gradient) => reshape(transpose(gradient, order), [size / run, 1, run]));
  const stacked = concat(rows, 1);
  return sum(matmul(stacked, transpose(stacked, [0, 2, 1])), [0]);
}

/**
 * Pulls cotangents of a linear op's output back to its weight. Returns the inner products of the
 * weight gradients with each other.
 */
export const weightProducts = (linearOp: LinearOp, cotangents: readonly Traced[]): Traced =>
  innerProducts(cotangents.map(weightPullback(linearOp)));
