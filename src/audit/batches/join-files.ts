import { UserError } from "../../base/errors.js";
import { allocate, setElements, showShape, sizeOf, type Tensor } from "../../base/tensor.js";
import type { BatchFile } from "../../onnx/index.js";

/** Several batch files as one, and the number of samples of each. */
export interface JoinedFiles {
  readonly file: BatchFile;
  readonly counts: readonly number[];
}

/**
 * Joins batch files along their axis of samples. A tensor belongs to the samples if its first axis
 * has the file's number of samples in every file, as `countOf` gives it. Any other tensor must be
 * the same in all files.
 *
 * @throws UserError where a file lacks a key of the first one, or holds other shapes or elements.
 */
export function joinFiles(files: readonly BatchFile[], countOf: (file: BatchFile) => number): JoinedFiles {
  const [first] = files;
  const counts = files.map(countOf);
  const tensors = new Map<string, Tensor>();
  for (const key of first.tensors.keys()) {
    const parts = files.map((file) => tensorOf(file, key, first));
    const ofSamples = parts.every(({ shape }, i) => shape[0] === counts[i]);
    tensors.set(key, ofSamples ? joined(files, key, parts) : shared(files, key, parts));
  }
  return { file: { file: files.map(({ file }) => file).join(", "), tensors }, counts };
}

function tensorOf({ file, tensors }: BatchFile, key: string, first: BatchFile): Tensor {
  const tensor = tensors.get(key);
  if (tensor === undefined)
    throw new UserError(
      `${file}: no key "${key}", which ${first.file} has; give files with the same keys, one batch each`,
    );
  return tensor;
}

function joined(files: readonly BatchFile[], key: string, parts: readonly Tensor[]): Tensor {
  const [{ dtype, shape }] = parts;
  const sample = shape.slice(1);
  for (const [i, part] of parts.entries())
    if (part.dtype !== dtype || part.shape.slice(1).join() !== sample.join())
      throw new UserError(
        `${files[i].file}: key "${key}": expected ${dtype} samples of shape ${showShape(sample)} as in ${files[0].file}, got ${part.dtype} ${showShape(part.shape.slice(1))}`,
      );
  const count = parts.reduce((sum, part) => sum + part.shape[0], 0);
  const data = allocate(dtype, count * sizeOf(sample));
  let start = 0;
  for (const part of parts) {
    setElements(data, part.data, start);
    start += part.data.length;
  }
  return { dtype, shape: [count, ...sample], data };
}

function shared(files: readonly BatchFile[], key: string, parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  for (const [i, part] of parts.entries())
    if (
      part.shape.join() !== first.shape.join() ||
      part.data.some((value, at) => !Object.is(value, first.data[at]))
    )
      throw new UserError(
        `${files[i].file}: key "${key}": expected one row for each sample, or the same elements as in ${files[0].file}`,
      );
  return first;
}
