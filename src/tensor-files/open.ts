import { UserError } from "../base/errors.js";
import type { Tensor } from "../base/tensor.js";
import { openNpz } from "./npz.js";
import { openSafetensors } from "./safetensors.js";
import { readAll, type TensorFile } from "./tensor-file.js";

/** Opens a file of named tensors by its ending, .safetensors or .npz. */
export async function openTensorFile(path: string): Promise<TensorFile> {
  if (/\.npz$/i.test(path)) return openNpz(path);
  if (/\.safetensors$/i.test(path)) return openSafetensors(path);
  throw new UserError(`${path}: expected a file that ends in .safetensors or .npz`);
}

/**
 * All tensors of an .npz or .safetensors file, such as a batch. Floats of 16 bits become float32, integers
 * int32 (uint32 stays; 64-bit ones must fit), booleans bytes of 0 and 1; strings are left out.
 */
export async function readTensors(path: string): Promise<Map<string, Tensor>> {
  const file = await openTensorFile(path);
  try {
    return await readAll(file);
  } finally {
    await file.close();
  }
}
