import type { Traced } from "../engine/lang/index.js";

/**
 * The linear op right below a normalization: x = W a + constant, as a function of its weight W. A
 * convolution, a transposed convolution or a matrix product, with the additions of biases and the
 * changes of shape that follow it.
 */
export interface LinearOp {
  /** Name of the weight, as the user knows it. */
  readonly weight: string;
  /** Value of the weight in this pass. */
  readonly value: Traced;
  /** The other values that x depends on: the input of the op, and biases. */
  readonly operands: readonly Traced[];
  /** x from a weight and the operands, in the order of `operands`. Affine in the weight. */
  apply(weight: Traced, operands: readonly Traced[]): Traced;
}
