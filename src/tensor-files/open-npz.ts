import { crc32 } from "node:zlib";
import * as yauzl from "yauzl";
import { errorCode } from "../base/error-code.js";
import { UserError } from "../base/errors.js";
import { type NpyHeader, npyText, parseNpyHeader } from "./npy-header.js";
import type { TensorEntry, TensorFile } from "./tensor-file.js";

/**
 * Zip entries above this size and this compression ratio are refused. Deflate reaches 1000 : 1 on
 * zeros, so a file of a few megabytes can hold as many gigabytes.
 */
const SUSPICIOUS_BYTES = 1 << 28;
const SUSPICIOUS_RATIO = 200;

/** Longest text that is read as metadata, in bytes. */
const MAX_TEXT_BYTES = 1 << 20;

/** Opens an npz file and checks the header of each array. Elements are inflated on request. */
export async function openNpz(path: string): Promise<TensorFile> {
  let zip: yauzl.ZipFile;
  try {
    zip = await yauzl.openPromise(path, { autoClose: false });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === undefined
        ? `${path}: truncated or not an npz file: ${message}`
        : `${path}: cannot be read (${code})`,
    );
  }
  try {
    return await NpzFile.read(path, zip);
  } catch (error) {
    zip.close();
    throw error;
  }
}

/** An array of the zip file: its entry there, and its npy header. */
interface Item {
  readonly zipEntry: yauzl.Entry;
  readonly header: NpyHeader;
}

class NpzFile implements TensorFile {
  readonly format = "npz";
  readonly entries: TensorEntry[] = [];
  readonly metadata = new Map<string, string>();
  private readonly items = new Map<string, Item>();

  private constructor(
    readonly path: string,
    private readonly zip: yauzl.ZipFile,
  ) {}

  static async read(path: string, zip: yauzl.ZipFile): Promise<NpzFile> {
    const file = new NpzFile(path, zip);
    for (const zipEntry of await file.directory()) {
      const name = zipEntry.fileName.replace(/\.npy$/, "");
      if (name === zipEntry.fileName) continue;
      await file.addItem(name, zipEntry);
    }
    return file;
  }

  async *bytes({ name }: TensorEntry, blockBytes: number): AsyncGenerator<Uint8Array> {
    yield* this.elements(name, blockBytes);
  }

  async close(): Promise<void> {
    this.zip.close();
  }

  private async directory(): Promise<yauzl.Entry[]> {
    const directory: yauzl.Entry[] = [];
    try {
      for await (const zipEntry of this.zip.eachEntry()) directory.push(zipEntry);
      return directory;
    } catch (error) {
      throw new UserError(`${this.path}: its zip directory is damaged: ${(error as Error).message}`);
    }
  }

  private async addItem(name: string, zipEntry: yauzl.Entry): Promise<void> {
    if (this.items.has(name)) throw this.fault(name, "occurs twice in the file; rename one of the two");
    if (zipEntry.isEncrypted()) throw this.fault(name, "expected plain data, got an encrypted entry");
    if (zipEntry.compressionMethod !== 0 && zipEntry.compressionMethod !== 8)
      throw this.fault(
        name,
        `expected stored or deflated data, got zip method ${zipEntry.compressionMethod}`,
      );
    const { compressedSize, uncompressedSize } = zipEntry;
    if (uncompressedSize > SUSPICIOUS_BYTES && uncompressedSize > SUSPICIOUS_RATIO * compressedSize)
      throw this.fault(
        name,
        `${compressedSize} bytes that inflate to ${uncompressedSize} look like a zip bomb; if they are real data, save with np.savez, uncompressed`,
      );

    const header = await this.readHeader(name, zipEntry);
    if (header.headerBytes + header.dataBytes !== uncompressedSize)
      throw this.fault(
        name,
        `its header needs ${header.headerBytes + header.dataBytes} bytes, the zip entry holds ${uncompressedSize}`,
      );
    this.items.set(name, { zipEntry, header });
    const { type, shape, columnMajor } = header;
    if (type !== null) this.entries.push({ name, type, shape, columnMajor });
    else if (shape.length === 0) this.metadata.set(name, await this.readText(name, header));
  }

  private async readHeader(name: string, zipEntry: yauzl.Entry): Promise<NpyHeader> {
    let start: Uint8Array = new Uint8Array(0);
    for await (const part of this.inflate(name, zipEntry)) {
      start = Buffer.concat([start, part]);
      try {
        const header = parseNpyHeader(start);
        if (header !== null) return header;
      } catch (error) {
        throw this.fault(name, (error as Error).message);
      }
    }
    throw this.fault(name, `npy header ends after ${start.length} bytes`);
  }

  private async readText(name: string, header: NpyHeader): Promise<string> {
    if (header.dataBytes > MAX_TEXT_BYTES)
      throw this.fault(name, `a string of ${header.dataBytes} bytes is too long`);
    let text = "";
    for await (const bytes of this.elements(name, MAX_TEXT_BYTES)) text += npyText(bytes, header);
    return text;
  }

  /** The bytes of an array's elements in blocks, little-endian. */
  private async *elements(name: string, blockBytes: number): AsyncGenerator<Uint8Array> {
    const item = this.items.get(name);
    if (item === undefined) throw this.fault(name, "no such array in the file");
    const { zipEntry, header } = item;
    const block = Buffer.from(new ArrayBuffer(Math.min(blockBytes, header.dataBytes)));
    let filled = 0;
    let skip = header.headerBytes;
    let checksum = 0;
    for await (const part of this.inflate(name, zipEntry)) {
      checksum = crc32(part, checksum);
      let from = Math.min(skip, part.length);
      skip -= from;
      while (from < part.length) {
        const count = part.copy(block, filled, from);
        from += count;
        filled += count;
        if (filled < block.length) continue;
        yield littleEndian(block, header);
        filled = 0;
      }
    }
    if (checksum !== zipEntry.crc32) throw this.fault(name, "damaged: its checksum does not match");
    if (filled > 0) yield littleEndian(block.subarray(0, filled), header);
  }

  /**
   * The uncompressed bytes of a zip entry. yauzl throws if they exceed the size in the directory.
   */
  private async *inflate(name: string, zipEntry: yauzl.Entry): AsyncGenerator<Buffer> {
    try {
      for await (const part of await this.zip.openReadStreamPromise(zipEntry)) yield part;
    } catch (error) {
      throw this.fault(name, `damaged: ${errorCode(error)}`);
    }
  }

  private fault(name: string, problem: string): UserError {
    return new UserError(`${this.path}: ${name}: ${problem}`);
  }
}

/** Reverses the bytes of big-endian elements, in place. */
function littleEndian(block: Buffer, { bigEndian, unitBytes }: NpyHeader): Buffer {
  if (!bigEndian) return block;
  if (unitBytes === 2) return block.swap16();
  if (unitBytes === 4) return block.swap32();
  if (unitBytes === 8) return block.swap64();
  return block;
}
