import { UserError } from "../base/errors.js";
import { showShape, sizeOf } from "../base/tensor.js";

/** First four bytes of an idx file of unsigned bytes: 0, 0, type 8, number of axes. */
const MAGIC = { images: 0x0803, labels: 0x0801 } as const;

/**
 * Parses an idx file, the format of MNIST: magic number, sizes of the axes as big-endian 32-bit
 * integers, elements in C order. Throws a UserError that begins with `file` if the file has another
 * format or is truncated.
 */
export function parseIdx(
  file: string,
  bytes: Uint8Array,
  kind: keyof typeof MAGIC,
): { shape: number[]; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = bytes.length >= 4 ? view.getUint32(0) : -1;
  if (magic !== MAGIC[kind])
    throw new UserError(
      `${file}: expected an idx file of ${kind} (magic number ${MAGIC[kind]}), got ${magic < 0 ? `${bytes.length} bytes` : magic}; download it again`,
    );
  const axes = MAGIC[kind] & 0xff;
  const start = 4 + 4 * axes;
  if (bytes.length < start)
    throw new UserError(`${file}: truncated in its header of ${start} bytes; download it again`);
  const shape = Array.from({ length: axes }, (_, i) => view.getUint32(4 + 4 * i));
  if (bytes.length - start !== sizeOf(shape))
    throw new UserError(
      `${file}: shape ${showShape(shape)} needs ${sizeOf(shape)} bytes of data, the file has ${bytes.length - start}; download it again`,
    );
  return { shape, data: bytes.subarray(start) };
}
