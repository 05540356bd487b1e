import { UserError } from "../base/errors.js";
import { allocate, showShape, sizeOf, type Tensor, type TensorData } from "../base/tensor.js";
import { DECODINGS, type StoredType } from "./element-types.js";

/** One tensor of a file, without its elements. */
export interface TensorEntry {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
  /** Whether the first axis is the fastest (npy in Fortran order) instead of the last. */
  readonly columnMajor: boolean;
}

/** An open file of named tensors. What it lists has been checked: every entry lies within the file. */
export interface TensorFile {
  readonly path: string;
  readonly format: "safetensors" | "npz";
  /** In file order. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * The bytes of one tensor as the file orders its elements, little-endian, in blocks of `blockBytes` (the last
   * may be shorter). A block's memory is used again for the next. Throws a UserError if the file is damaged.
   */
  bytes(entry: TensorEntry, blockBytes: number): AsyncGenerator<Uint8Array>;
  close(): Promise<void>;
}

/** Elements read at once where the caller does not say. */
const BLOCK_ELEMENTS = 1 << 20;

/**
 * The elements of one tensor in C order, in blocks of `blockElements` (the last may be shorter), each valid
 * until the next is asked for: so a tensor of any size is read in constant memory.
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

/** One whole tensor, in C order. */
export async function readTensor(file: TensorFile, entry: TensorEntry): Promise<Tensor> {
  const { dtype } = DECODINGS[entry.type];
  const data = allocated(file, entry);
  let at = 0;
  for await (const block of storedBlocks(file, entry, BLOCK_ELEMENTS)) {
    data.set(block, at);
    at += block.length;
  }
  const tensor = { dtype, shape: entry.shape, data };
  return entry.columnMajor ? rowMajor(tensor) : tensor;
}

/** All tensors of a file, in file order. */
export async function readAll(file: TensorFile): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const entry of file.entries) tensors.set(entry.name, await readTensor(file, entry));
  return tensors;
}

/** The system's code for a failure of a file operation, such as ENOENT. */
export const errorCode = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? (error as Error).message;

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

function allocated(file: TensorFile, { name, type, shape }: TensorEntry): TensorData {
  try {
    return allocate(DECODINGS[type].dtype, sizeOf(shape));
  } catch {
    throw new UserError(
      `${file.path}: ${name}: shape ${showShape(shape)} is too large to be held in memory at once`,
    );
  }
}

/** A tensor stored with its first axis fastest, reordered. */
function rowMajor({ dtype, shape, data }: Tensor): Tensor {
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
