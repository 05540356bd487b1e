import { UserError } from "../base/errors.js";
import type { Split } from "./dataset.js";

/** Bytes of one image. */
const PIXELS = 3 * 32 * 32;
/** Bytes of one record: a label and an image. */
const RECORD = 1 + PIXELS;

/**
 * Parses files of CIFAR-10's binary version. A record is a label byte, then 1024 red, 1024 green
 * and 1024 blue bytes. Throws a UserError if a file does not consist of whole records.
 */
export function parseCifar10(files: readonly { file: string; bytes: Uint8Array }[]): Split {
  for (const { file, bytes } of files)
    if (bytes.length === 0 || bytes.length % RECORD !== 0)
      throw new UserError(
        `${file}: expected records of ${RECORD} bytes, got ${bytes.length} bytes; download it again`,
      );
  const count = files.reduce((total, { bytes }) => total + bytes.length / RECORD, 0);
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  let i = 0;
  for (const { bytes } of files)
    for (let at = 0; at < bytes.length; at += RECORD, i++) {
      labels[i] = bytes[at];
      images.set(bytes.subarray(at + 1, at + RECORD), i * PIXELS);
    }
  return { images, labels };
}
