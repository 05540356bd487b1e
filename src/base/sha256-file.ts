import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

/** Bytes hashed at once, in memory that is used again: a stream's fresh buffers would pile up between collections. */
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
