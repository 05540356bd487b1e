import { UserError } from "../base/errors.js";
import { openNpz } from "./open-npz.js";
import { openSafetensors } from "./open-safetensors.js";
import type { TensorFile } from "./tensor-file.js";

/**
 * Opens an .npz or .safetensors file and checks its headers. Elements are read on request.
 *
 * @param path - Path of the file; its ending gives the format.
 * @returns The open file. Close it after use.
 * @throws {@link UserError} if the file cannot be read, is damaged, or is of another format.
 *
 * @example
 * ```ts
 * import { openTensorFile, writeNpz } from "blindspot/tensor-files";
 *
 * const x = { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } as const;
 * await writeNpz("batch.npz", new Map([["input", x]]));
 * const file = await openTensorFile("batch.npz");
 * for (const { name, shape } of file.entries) console.log(name, shape); // input, [2]
 * await file.close();
 * ```
 */
export async function openTensorFile(path: string): Promise<TensorFile> {
  if (/\.npz$/i.test(path)) return openNpz(path);
  if (/\.safetensors$/i.test(path)) return openSafetensors(path);
  throw new UserError(`${path}: expected a file that ends in .safetensors or .npz`);
}
