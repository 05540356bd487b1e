import { UserError } from "../base/errors.js";
import { allocate, showShape, sizeOf, type Tensor, type TensorData } from "../base/tensor.js";
import { DECODINGS } from "./element-types.js";
import { openTensorFile } from "./open-tensor-file.js";
import type { TensorEntry, TensorFile } from "./tensor-file.js";

/** Elements per block, unless the caller sets another number. */
const BLOCK_ELEMENTS = 1 << 20;

/**
 * Reads a tensor in blocks of elements in C order, in constant memory however large it is. A block
 * is valid until the next one is requested.
 *
 * @param file - The open file.
 * @param entry - The tensor, an element of `file.entries`.
 * @param blockElements - Elements per block; the last may be shorter. Default 2²⁰.
 * @returns The blocks. 16-bit floats become float32; integers become int32, but uint32 stays.
 * @throws {@link UserError} if the tensor is stored in Fortran order or the file is damaged.
 *
 * @example
 * ```ts
 * import { openTensorFile, tensorBlocks, writeSafetensors } from "blindspot/tensor-files";
 *
 * const x = { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } as const;
 * await writeSafetensors("blocks.safetensors", new Map([["x", x]]));
 * const file = await openTensorFile("blocks.safetensors");
 * let sum = 0;
 * for await (const block of tensorBlocks(file, file.entries[0])) for (const v of block) sum += v;
 * console.log(sum); // 10
 * await file.close();
 * ```
 */
export async function* tensorBlocks(
  file: TensorFile,
  entry: TensorEntry,
  blockElements = BLOCK_ELEMENTS,
): AsyncGenerator<TensorData> {
  if (entry.columnMajor)
    throw new UserError(
      `${file.path}: ${entry.name}: expected C order, got Fortran order; save np.ascontiguousarray of it`,
    );
  yield* storedBlocks(file, entry, blockElements);
}

/**
 * Reads one whole tensor. Elements in Fortran order are reordered to C order.
 *
 * @param file - The open file.
 * @param entry - The tensor, an element of `file.entries`.
 * @returns The tensor. 16-bit floats become float32; integers become int32, but uint32 stays.
 * @throws {@link UserError} if the tensor does not fit in memory or the file is damaged.
 *
 * @example
 * ```ts
 * import { openTensorFile, readTensor, writeNpz } from "blindspot/tensor-files";
 *
 * const x = { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } as const;
 * await writeNpz("one.npz", new Map([["x", x]]));
 * const file = await openTensorFile("one.npz");
 * const { data } = await readTensor(file, file.entries[0]);
 * console.log(data); // 1, 2
 * await file.close();
 * ```
 */
export async function readTensor(file: TensorFile, entry: TensorEntry): Promise<Tensor> {
  const { dtype } = DECODINGS[entry.type];
  const data = allocateFor(file, entry);
  let at = 0;
  for await (const block of storedBlocks(file, entry, BLOCK_ELEMENTS)) {
    data.set(block, at);
    at += block.length;
  }
  const tensor = { dtype, shape: entry.shape, data };
  return entry.columnMajor ? toRowMajor(tensor) : tensor;
}

/**
 * Reads all tensors of an .npz or .safetensors file, such as a batch file. 16-bit floats become
 * float32. Integers become int32, but uint32 stays; 64-bit integers must fit in int32. Booleans
 * become bytes 0 and 1. Strings are left out.
 *
 * @param path - Path of the file; its ending gives the format.
 * @returns The tensors by name, in the order of the file.
 * @throws {@link UserError} if the file cannot be read, is damaged, or is of another format.
 *
 * @example
 * ```ts
 * import { readTensors, writeNpz } from "blindspot/tensor-files";
 *
 * const label = { dtype: "int32", shape: [3], data: Int32Array.of(0, 1, 2) } as const;
 * await writeNpz("labels.npz", new Map([["label", label]]));
 * const tensors = await readTensors("labels.npz");
 * console.log(tensors.get("label")?.data); // 0, 1, 2
 * ```
 */
export async function readTensors(path: string): Promise<Map<string, Tensor>> {
  const file = await openTensorFile(path);
  try {
    const tensors = new Map<string, Tensor>();
    for (const entry of file.entries) tensors.set(entry.name, await readTensor(file, entry));
    return tensors;
  } finally {
    await file.close();
  }
}

/** Decodes a tensor in blocks, in the order of the file. */
async function* storedBlocks(
  file: TensorFile,
  entry: TensorEntry,
  blockElements: number,
): AsyncGenerator<TensorData> {
  const { bytes, decode } = DECODINGS[entry.type];
  for await (const block of file.bytes(entry, blockElements * bytes)) {
    let elements: TensorData;
    try {
      elements = decode(block);
    } catch (error) {
      throw new UserError(`${file.path}: ${entry.name}: ${(error as Error).message}`);
    }
    yield elements;
  }
}

function allocateFor(file: TensorFile, { name, type, shape }: TensorEntry): TensorData {
  try {
    return allocate(DECODINGS[type].dtype, sizeOf(shape));
  } catch {
    throw new UserError(
      `${file.path}: ${name}: shape ${showShape(shape)} is too large for memory; save a smaller tensor`,
    );
  }
}

/** Reorders a tensor whose first axis is the fastest. */
function toRowMajor({ dtype, shape, data }: Tensor): Tensor {
  const ordered = allocate(dtype, data.length);
  const index = shape.map(() => 0);
  for (let i = 0; i < ordered.length; i++) {
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) from = from * shape[axis] + index[axis];
    ordered[i] = data[from];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return { dtype, shape, data: ordered };
}
