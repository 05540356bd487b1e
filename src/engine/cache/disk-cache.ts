import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../base/make-folder.js";
import { writeWholeFileSync } from "../../base/write-file.js";
import type { KeyPart, ProgramCache } from "./program-cache.js";

/** Options of `DiskCache`. */
export interface DiskCacheOptions {
  /** The folder that holds the files. It is made when the first program is kept. */
  readonly folder: string;
  /** Identifies the code that makes the programs. Programs that other code made are not found. */
  readonly code: string;
  /** Most bytes that all files together may take. Default 256 MiB. */
  readonly limit?: number;
}

/** Age at which a temporary file counts as left by a process that has ended. */
const ABANDONED_MS = 3_600_000;
const TEMPORARY = ".part";
const CHECKSUM_BYTES = 32;

/**
 * A program cache in a folder of files, for Node.
 *
 * A file holds a checksum and a program. It is written under a temporary name and then renamed, so
 * several processes may share the folder. A damaged or renamed file counts as missing. Where the
 * files exceed `limit`, those that have been unused for longest are removed. A folder that cannot
 * be read or written is no error: programs are then compiled anew.
 *
 * @example
 * ```ts
 * import { compile, lang } from "blindspot/engine";
 * import { DiskCache } from "blindspot/engine/cache";
 *
 * const cache = new DiskCache({ folder: "/tmp/my-programs", code: "my-app 1.0" });
 * const x = { dtype: "float32", shape: [3] } as const;
 * await using program = await compile((x) => [lang.exp(x)], [x], { cache });
 * ```
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
    ignoringErrors(() => {
      makeFolder(this.#folder, { mode: 0o700 });
      const temporary = `${path}.${randomUUID()}${TEMPORARY}`;
      writeWholeFileSync(path, Buffer.concat([checksum(digest, bytes), bytes]), { mode: 0o600, temporary });
      this.#makeRoom(digest);
    });
  }

  /**
   * Removes the files that have been unused for longest until the rest fits, but never the newest.
   */
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

/** The digest is part of the checksum, so a renamed file is not valid. */
const checksum = (digest: string, content: Uint8Array): Buffer =>
  createHash("sha256").update(digest).update(content).digest();

function ignoringErrors(action: () => void): void {
  try {
    action();
  } catch {
    // The cache works without the action.
  }
}
