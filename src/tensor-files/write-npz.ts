import { ZipFile } from "yazl";
import { checkTensor, type Tensor } from "../base/tensor.js";
import { writeWholeFile } from "../base/write-file.js";
import { encodeNpy, encodeNpyText } from "./npy-header.js";

/** The date of every zip entry: equal tensors give equal files. */
const DATE = new Date(1980, 0, 1);

/**
 * Writes tensors as a deflated npz file that `numpy.load` reads. The file appears whole or not at
 * all.
 *
 * @param path - Path of the file. An existing file is replaced.
 * @param tensors - The tensors by name; the file keeps their order.
 * @param metadata - Texts by name, written as string scalars.
 * @throws {@link UserError} if a tensor's shape and data disagree, or the file cannot be written.
 *
 * @example
 * ```ts
 * import { type Tensor, writeNpz } from "blindspot/tensor-files";
 *
 * const tensors = new Map<string, Tensor>([
 *   ["input", { dtype: "float32", shape: [2, 1], data: Float32Array.of(1, 2) }],
 *   ["label", { dtype: "int32", shape: [2], data: Int32Array.of(0, 1) }],
 * ]);
 * await writeNpz("two-samples.npz", tensors);
 * ```
 */
export async function writeNpz(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const zip = new ZipFile();
  const add = (name: string, npy: Buffer) =>
    zip.addBuffer(npy, `${name}.npy`, { mtime: DATE, forceDosTimestamp: true });
  for (const [name, text] of Object.entries(metadata)) add(name, encodeNpyText(text));
  for (const [name, tensor] of tensors) {
    checkTensor(name, tensor);
    add(name, encodeNpy(tensor));
  }
  zip.end();
  await writeWholeFile(path, zip.outputStream as AsyncIterable<Buffer>);
}
