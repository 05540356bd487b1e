import { UserError } from "./errors.js";

/** Element types that tensors on our side of every boundary have. Others are converted where they enter. */
export type DType = "float32" | "float64" | "int32" | "uint32" | "bool";

export type TensorData = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** Shape and element type of a tensor, without its elements. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A dense tensor in C order. `data.length` is the product of `shape`; `bool` is stored as 0/1 bytes. */
export interface Tensor extends TensorSpec {
  readonly data: TensorData;
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const dim of shape) size *= dim;
  return size;
}

/** `[2, 3]` as text, for messages. */
export function showShape(shape: readonly (number | string | null)[]): string {
  return `[${shape.map((d) => d ?? "?").join(", ")}]`;
}

/** Zero-filled storage for `size` elements of `dtype`. */
export function allocate(dtype: DType, size: number): TensorData {
  switch (dtype) {
    case "float32":
      return new Float32Array(size);
    case "float64":
      return new Float64Array(size);
    case "int32":
      return new Int32Array(size);
    case "uint32":
      return new Uint32Array(size);
    case "bool":
      return new Uint8Array(size);
  }
}

/** `tensor` with elements converted to `dtype`; the same object when it has that type already. */
export function castTensor(tensor: Tensor, dtype: DType): Tensor {
  if (tensor.dtype === dtype) return tensor;
  const data = allocate(dtype, tensor.data.length);
  if (dtype === "bool") for (let i = 0; i < data.length; i++) data[i] = tensor.data[i] === 0 ? 0 : 1;
  else data.set(tensor.data as ArrayLike<number>);
  return { dtype, shape: tensor.shape, data };
}

/** Throws unless `data` has as many elements as `shape` says. */
export function checkTensor(name: string, tensor: Tensor): void {
  const expected = sizeOf(tensor.shape);
  if (tensor.data.length !== expected)
    throw new UserError(
      `${name}: shape ${showShape(tensor.shape)} needs ${expected} elements, got ${tensor.data.length}`,
    );
}
