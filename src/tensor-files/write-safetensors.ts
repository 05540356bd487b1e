import { checkTensor, type Tensor } from "../base/tensor.js";
import { writeWholeFile } from "../base/write-file.js";
import type { StoredType } from "./element-types.js";

/** Element type in the file, by the type of a tensor. */
const WRITTEN: Readonly<Record<Tensor["dtype"], StoredType>> = {
  float32: "F32",
  float64: "F64",
  int32: "I32",
  uint32: "U32",
  bool: "BOOL",
};

/** The data part starts at a multiple of this many bytes; spaces fill up the header. */
const ALIGNMENT = 8;

/**
 * Writes tensors as a safetensors file. The file appears whole or not at all.
 *
 * @param path - Path of the file. An existing file is replaced.
 * @param tensors - The tensors by name; the file keeps their order.
 * @param metadata - Texts by name, written to `__metadata__`.
 * @throws {@link UserError} if a tensor's shape and data disagree, or the file cannot be written.
 *
 * @example
 * ```ts
 * import { writeSafetensors } from "blindspot/tensor-files";
 *
 * const y = { dtype: "float32", shape: [2, 1], data: Float32Array.of(-1, 1) } as const;
 * await writeSafetensors("y.safetensors", new Map([["bn1.y", y]]), { loss: "mse" });
 * ```
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const header: [string, unknown][] = [["__metadata__", metadata]];
  let end = 0;
  for (const [name, tensor] of tensors) {
    checkTensor(name, tensor);
    const begin = end;
    end += tensor.data.byteLength;
    header.push([name, { dtype: WRITTEN[tensor.dtype], shape: tensor.shape, data_offsets: [begin, end] }]);
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const padded = Buffer.alloc(Math.ceil(text.length / ALIGNMENT) * ALIGNMENT, " ");
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const data = Array.from(tensors.values(), (tensor) => bytesOf(tensor));
  await writeWholeFile(path, [length, padded, ...data]);
}

const bytesOf = ({ data }: Tensor): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
