import { type FileHandle, open } from "node:fs/promises";
import { errorCode } from "../base/error-code.js";
import { UserError } from "../base/errors.js";
import { type Header, type HeaderEntry, parseHeader } from "./safetensors-header.js";
import type { TensorEntry, TensorFile } from "./tensor-file.js";

/** Bytes of the number at the start of the file: the length of the header, little-endian. */
const LENGTH_BYTES = 8;

/** Longest header that the format allows. */
const MAX_HEADER_BYTES = 100_000_000;

/** Opens a safetensors file and checks its header. Elements are read on request. */
export async function openSafetensors(path: string): Promise<TensorFile> {
  let handle: FileHandle;
  try {
    handle = await open(path);
  } catch (error) {
    throw new UserError(`${path}: cannot be read (${errorCode(error)})`);
  }
  try {
    return await SafetensorsFile.read(path, handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

class SafetensorsFile implements TensorFile {
  readonly format = "safetensors";
  readonly entries: readonly TensorEntry[];
  readonly metadata: ReadonlyMap<string, string>;
  private readonly places: ReadonlyMap<string, HeaderEntry>;

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    private readonly dataStart: number,
    { entries, metadata }: Header,
  ) {
    this.metadata = metadata;
    this.entries = entries.map(({ name, type, shape }) => ({ name, type, shape, columnMajor: false }));
    this.places = new Map(entries.map((entry) => [entry.name, entry]));
  }

  static async read(path: string, handle: FileHandle): Promise<SafetensorsFile> {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new UserError(`${path}: cannot be read (not a file)`);
    if (stat.size < LENGTH_BYTES)
      throw new UserError(`${path}: not a safetensors file: expected at least 8 bytes, got ${stat.size}`);
    const length = Number((await readExactly(path, handle, 0, Buffer.alloc(LENGTH_BYTES))).readBigUInt64LE());
    const dataStart = LENGTH_BYTES + length;
    if (length > MAX_HEADER_BYTES || dataStart > stat.size)
      throw new UserError(
        `${path}: truncated or not a safetensors file: it declares a header of ${length} bytes, ` +
          `the file has ${stat.size - LENGTH_BYTES} and the format allows ${MAX_HEADER_BYTES}`,
      );
    const header = await readExactly(path, handle, LENGTH_BYTES, Buffer.alloc(length));
    const parsed = parseHeader(path, header.toString("utf8"), stat.size - dataStart);
    return new SafetensorsFile(path, handle, dataStart, parsed);
  }

  async *bytes({ name }: TensorEntry, blockBytes: number): AsyncGenerator<Uint8Array> {
    const place = this.places.get(name);
    if (place === undefined) throw new UserError(`${this.path}: ${name}: no such tensor in the file`);
    const { begin, end } = place;
    const block = Buffer.from(new ArrayBuffer(Math.min(blockBytes, end - begin)));
    for (let at = begin; at < end; at += block.length) {
      const part = block.subarray(0, Math.min(block.length, end - at));
      yield await readExactly(this.path, this.handle, this.dataStart + at, part);
    }
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** Fills `target` from the file at `position`. */
async function readExactly(
  path: string,
  handle: FileHandle,
  position: number,
  target: Buffer,
): Promise<Buffer> {
  for (let filled = 0; filled < target.length; ) {
    let read: { bytesRead: number };
    try {
      read = await handle.read(target, filled, target.length - filled, position + filled);
    } catch (error) {
      throw new UserError(`${path}: cannot be read (${errorCode(error)})`);
    }
    if (read.bytesRead === 0)
      throw new UserError(`${path}: the file ended at byte ${position + filled} during reading`);
    filled += read.bytesRead;
  }
  return target;
}
