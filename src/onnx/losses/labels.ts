import { UserError } from "../../base/errors.js";
import type { Tensor } from "../../base/tensor.js";
import { isFloat } from "../../engine/lang/index.js";

/** The label of samples or positions that the loss leaves out, −100 as in PyTorch. */
export const ignoredLabel = -100;

/**
 * Every axis that could hold the classes, axis 1 first, then the last: the rest of the output's
 * shape is the shape of the labels, axes of size 1 aside. Both fit where they are equally long.
 */
export function classAxes(output: readonly number[], label: readonly number[]): number[] {
  const long = (shape: readonly number[]) => shape.filter((n) => n !== 1).join();
  const candidates = output.length < 2 ? [] : [...new Set([1, output.length - 1])];
  return candidates.filter((axis) => long(output.toSpliced(axis, 1)) === long(label));
}

/**
 * Whether a tensor holds a whole number for each sample and position of an output with ≥ 2
 * classes.
 */
export function areLabels(tensor: Tensor | undefined, output: readonly number[]): boolean {
  if (!tensor || isFloat(tensor.dtype)) return false;
  const [axis] = classAxes(output, tensor.shape);
  return axis !== undefined && output[axis] > 1;
}

/**
 * Counts the labels that take part in the loss.
 *
 * @throws UserError at the first label that is no class, or if every label is ignored.
 */
export function countLabels(where: string, label: Tensor, classes: number): number {
  let counted = 0;
  for (const [i, value] of label.data.entries()) {
    if (value === ignoredLabel) continue;
    if (value < 0 || value >= classes)
      throw new UserError(
        `${where}: label ${value} of element ${i} is out of range for ${classes} classes (0 to ${classes - 1})`,
      );
    counted++;
  }
  if (counted === 0) throw new UserError(`${where} holds no label to learn from`);
  return counted;
}
