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

/** A linear op with what the chance level of `removed` needs besides its values. */
export interface StructuredLinearOp extends LinearOp {
  /** The weight rows that make the elements of x; null where they are not known. */
  readonly rows: WeightRows | null;
  /**
   * The energy of the inputs as the op uses them: for each element of x, the squared length of its
   * row of J, the linear map from weights to x. It is the same for all weight rows of a block, so
   * `perRow` has one number a block.
   */
  inputEnergy(operands: readonly Traced[]): InputEnergy;
}

/** The squared lengths of the rows of J, summed or one by one. */
export interface InputEnergy {
  /** The sums over the elements of each weight row, as [blocks]; null where rows are not known. */
  readonly perRow: Traced | null;
  /** One number for each element of x, in the shape of x. */
  perElement(): Traced;
}

/**
 * Which row of the weight makes an element of x. A row is the part of a weight that one output
 * channel or feature reads. The element at position f of x in C order belongs to row
 * ⌊f / inner⌋ mod count.
 */
export interface WeightRows {
  readonly count: number;
  readonly inner: number;
  /** The axis of the weight that runs over rows; null where no single axis does. */
  readonly axis: number | null;
}
