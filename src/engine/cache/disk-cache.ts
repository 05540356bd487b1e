import { createHash, randomUUID } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { KeyPart, ProgramCache } from "./program-cache.js";

export interface DiskCacheOptions {
  readonly folder: string;
  /** Names the code that makes the programs; what other code has made is not found. */
  readonly code: string;
  /** Bytes that the files may take together. Default 256 MiB. */
  readonly limit?: number;
}

/** A file that was written but never renamed belongs to a process that is gone once it is an hour old. */
const ABANDONED_MS = 3_600_000;
const TEMPORARY = ".part";
const CHECKSUM_BYTES = 32;

/**
 * Programs as files of a folder, for Node. Each is a checksum and its content, written to a temporary name and renamed, so that
 * processes may share the folder. A file that is damaged, or that was written for another digest, counts as not there.
 * Beyond `limit` the files that were not used for longest go. A folder that cannot be read or written is no error.
 */
export class DiskCache implements ProgramCache {
  readonly #folder: string;
  readonly #code: string;
  readonly #limit: number;

  constructor({ folder, code, limit = 256 << 20 }: DiskCacheOptions) {
    this.#folder = folder;
    this.#code = code;
    this.#limit = limit;
  }

  async digest(parts: readonly KeyPart[]): Promise<string> {
    const hash = createHash("sha256");
    for (const part of [this.#code, ...parts]) {
      const bytes = typeof part === "string" ? Buffer.from(part) : part;
      hash.update(`${typeof part} ${bytes.length}\n`).update(bytes);
    }
    return hash.digest("hex");
  }

  async get(digest: string): Promise<Uint8Array | undefined> {
    const path = join(this.#folder, digest);
    try {
      const file = readFileSync(path);
      const content = file.subarray(CHECKSUM_BYTES);
      if (!checksum(digest, content).equals(file.subarray(0, CHECKSUM_BYTES))) return undefined;
      ignoringErrors(() => utimesSync(path, new Date(), new Date()));
      return content;
    } catch {
      return undefined;
    }
  }

  async put(digest: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length + CHECKSUM_BYTES > this.#limit) return;
    const path = join(this.#folder, digest);
    const temporary = `${path}.${randomUUID()}${TEMPORARY}`;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(temporary, Buffer.concat([checksum(digest, bytes), bytes]), { mode: 0o600 });
      renameSync(temporary, path);
      this.#makeRoom(digest);
    } catch {
      ignoringErrors(() => rmSync(temporary, { force: true }));
    }
  }

  /** Removes what was not used for longest until the rest fits; never what was just put. */
  #makeRoom(newest: string): void {
    const now = Date.now();
    const files = readdirSync(this.#folder)
      .filter((name) => /^[0-9a-f]{64}(\.|$)/.test(name))
      .flatMap((name) => {
        const path = join(this.#folder, name);
        const stats = statSync(path, { throwIfNoEntry: false });
        return stats === undefined ? [] : [{ name, path, bytes: stats.size, used: stats.mtimeMs }];
      });
    let total = 0;
    for (const { name, path, bytes, used } of files.sort((a, b) => b.used - a.used)) {
      if (name.endsWith(TEMPORARY)) {
        if (now - used > ABANDONED_MS) rmSync(path, { force: true });
        continue;
      }
      if (name !== newest && total + bytes > this.#limit) rmSync(path, { force: true });
      else total += bytes;
    }
  }
}

/** Over the name too: a file that was renamed is no longer valid. */
const checksum = (digest: string, content: Uint8Array): Buffer =>
  createHash("sha256").update(digest).update(content).digest();

function ignoringErrors(action: () => void): void {
  try {
    action();
  } catch {
    // what could not be done makes no difference to the result
  }
}
