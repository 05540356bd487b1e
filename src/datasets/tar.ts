import { basename } from "node:path/posix";
import { UserError } from "../base/errors.js";

/** Bytes of a header, and the multiple that data are padded to. */
const BLOCK = 512;

/**
 * Reads the regular files of a tar archive, by the last part of their paths. Supports what archives
 * of data sets use: paths of up to 100 bytes, sizes in octal. Throws a UserError that begins with
 * `file` if the archive is truncated. Source: POSIX.1-1988, ustar.
 */
export function parseTar(file: string, bytes: Uint8Array): Map<string, Uint8Array> {
  const text = (start: number, length: number) =>
    Buffer.from(bytes.subarray(start, start + length))
      .toString("latin1")
      .replace(/\0.*$/s, "");
  const entries = new Map<string, Uint8Array>();
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12).trim(), 8);
    const begin = at + BLOCK;
    if (!Number.isSafeInteger(size) || begin + size > bytes.length)
      throw new UserError(`${file}: not a tar archive, or truncated at byte ${at}; download it again`);
    const type = text(at + 156, 1);
    if (type === "" || type === "0")
      entries.set(basename(text(at, 100)), bytes.subarray(begin, begin + size));
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}
