import { UserError } from "./errors.js";

/** Element types of tensors. Files with other element types are converted when they are read. */
export type DType = "float32" | "float64" | "int32" | "uint32" | "bool";

/**
 * Elements of a tensor. Each array type is for one element type; `bool` is stored as bytes 0 and 1.
 */
export type TensorData = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** Shape and element type of a tensor, without its elements. */
export interface TensorSpec {
  /** Size of every axis; [] for a scalar. */
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A dense tensor. */
export interface Tensor extends TensorSpec {
  /** The elements in C order. Their number is the product of `shape`. */
  readonly data: TensorData;
}

/** Number of elements of a tensor of this shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const dim of shape) size *= dim;
  return size;
}

/** The shape as text, such as `[2, 3]`, with ? for unknown sizes. */
export function showShape(shape: readonly (number | string | null)[]): string {
  return `[${shape.map((d) => d ?? "?").join(", ")}]`;
}

/** An array of zeros for `size` elements of type `dtype`. */
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

/**
 * Copies elements into an array of the same class, as arrays of one element type have. The compiler
 * cannot tell that from a union of classes.
 */
export const setElements = (target: TensorData, source: TensorData, offset = 0): void =>
  target.set(source as never, offset);

/** The tensor with its elements converted to `dtype`; `tensor` itself where it has this type. */
export function castTensor(tensor: Tensor, dtype: DType): Tensor {
  if (tensor.dtype === dtype) return tensor;
  const data = allocate(dtype, tensor.data.length);
  if (dtype === "bool") for (let i = 0; i < data.length; i++) data[i] = tensor.data[i] === 0 ? 0 : 1;
  else data.set(tensor.data as ArrayLike<number>);
  return { dtype, shape: tensor.shape, data };
}

/**
 * Checks that a tensor has as many elements as its shape says.
 *
 * @param name - Name of the tensor in the message.
 * @throws UserError where it has more or fewer.
 */
export function checkTensor(name: string, tensor: Tensor): void {
  const expected = sizeOf(tensor.shape);
  if (tensor.data.length !== expected)
    throw new UserError(
      `${name}: shape ${showShape(tensor.shape)} needs ${expected} elements, got ${tensor.data.length}`,
    );
}
