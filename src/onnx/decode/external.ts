import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, sep } from "node:path";
import type { StringStringEntryProto } from "onnx-buf";
import { UserError } from "../../base/errors.js";

/** The bytes of a tensor in a file beside the model. */
export interface ExternalBytes {
  /** Number of bytes. */
  readonly length: number;
  /** Reads the bytes. */
  read(): Uint8Array;
}

/**
 * Checks the place of a tensor's external data and returns a reader for them. The file must lie
 * inside the model's folder after links are followed: a model must not make blindspot read any
 * other file. Without `length`, the data reach to the end of the file (ONNX specification).
 */
export function externalBytes(
  modelPath: string,
  tensor: string,
  entries: readonly StringStringEntryProto[],
): ExternalBytes {
  const where = `${modelPath}: external data of "${tensor}"`;
  const field = (key: string) => entries.find((e) => e.key === key)?.value;
  const location = field("location");
  if (!location) throw new UserError(`${where}: no location given`);
  const file = resolveInside(modelPath, location, where);

  const size = statSync(file).size;
  const offset = wholeNumber(field("offset") ?? "0", "offset", where);
  const length = wholeNumber(field("length") ?? String(size - offset), "length", where);
  if (offset + length > size)
    throw new UserError(
      `${where}: ${location} has ${size} bytes, but bytes ${offset} to ${offset + length} are expected; is the file complete?`,
    );
  return { length, read: () => readRange(file, offset, length, where) };
}

function resolveInside(modelPath: string, location: string, where: string): string {
  if (isAbsolute(location) || /^[a-z]:/i.test(location) || location.split(/[\\/]/).includes(".."))
    throw new UserError(`${where}: "${location}" points outside the model's folder, which is refused`);
  const folder = realpathSync(dirname(modelPath));
  let file: string;
  try {
    file = realpathSync(join(folder, location));
  } catch {
    throw new UserError(`${where}: cannot find ${location}; keep it beside the model`);
  }
  if (!file.startsWith(folder.endsWith(sep) ? folder : folder + sep))
    throw new UserError(`${where}: "${location}" is a link out of the model's folder, which is refused`);
  if (!statSync(file).isFile()) throw new UserError(`${where}: ${location} is not a file`);
  return file;
}

function wholeNumber(text: string, key: string, where: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new UserError(`${where}: ${key} must be a whole number of bytes, got "${text}"`);
  return value;
}

function readRange(file: string, offset: number, length: number, where: string): Uint8Array {
  const bytes = new Uint8Array(length);
  const handle = openSync(file, "r");
  try {
    for (let done = 0; done < length; ) {
      const count = readSync(handle, bytes, done, Math.min(length - done, 1 << 30), offset + done);
      if (count === 0) throw new UserError(`${where}: the file ended while it was read`);
      done += count;
    }
  } finally {
    closeSync(handle);
  }
  return bytes;
}
