import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { Tensor } from "./tensor.js";

/**
 * One block of this size is reused for the whole file, as fresh buffers would pile up between
 * collections.
 */
const BLOCK_BYTES = 1 << 20;

/** SHA-256 of a file in hexadecimal. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash("sha256");
  const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  const file = await open(path);
  try {
    for (let bytesRead = -1; bytesRead !== 0; ) {
      ({ bytesRead } = await file.read(block, 0, block.length));
      hash.update(block.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

/** SHA-256 of bytes in hexadecimal. */
export const sha256Bytes = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** SHA-256 over the names, element types, shapes and elements of tensors, in hexadecimal. */
export function sha256Tensors(tensors: ReadonlyMap<string, Tensor>): string {
  const hash = createHash("sha256");
  for (const [name, { dtype, shape, data }] of tensors) {
    hash.update(JSON.stringify([name, dtype, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
