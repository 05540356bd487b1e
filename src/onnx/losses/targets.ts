import { UserError } from "../../base/errors.js";
import { castTensor, showShape, type Tensor, type TensorSpec } from "../../base/tensor.js";
import { type BatchFile, showKeys } from "../batch-file.js";

/** The tensor under a key of the batch file. `why` says in the error what needs the key. */
export function requiredTensor({ file, tensors }: BatchFile, key: string, why: string): Tensor {
  const found = tensors.get(key);
  if (found) return found;
  throw new UserError(`${file}: no key "${key}": ${why}; the batch has ${showKeys(tensors)}`);
}

/** Where a floating-point target is looked for, and what it must fit. */
export interface TargetRequest {
  readonly key: string;
  /** Shape and element type of the model's output. */
  readonly output: TensorSpec;
  /** Name of the loss, for messages. */
  readonly loss: string;
}

/** The target under `key` in the shape and element type of the output. */
export function floatTarget(batch: BatchFile, { key, output, loss }: TargetRequest): Tensor {
  const target = requiredTensor(batch, key, `${loss} needs a target`);
  if (!sameShape(target.shape, output.shape))
    throw new UserError(
      `${batch.file}: key "${key}" has shape ${showShape(target.shape)}, expected ${showShape(output.shape)} as the model's output`,
    );
  return shapedAs(output, target);
}

/**
 * `tensor` in the output's shape and element type. Without this, shapes that differ by axes of
 * size 1 would broadcast: [N, 1] − [N] is [N, N].
 */
export const shapedAs = (output: TensorSpec, tensor: Tensor): Tensor =>
  castTensor({ ...tensor, shape: output.shape }, output.dtype);

/** Whether two shapes agree, axes of size 1 aside. */
export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.filter((n) => n !== 1).join() === b.filter((n) => n !== 1).join();
