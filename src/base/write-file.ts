import { randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "./error-code.js";
import { UserError } from "./errors.js";

interface WriteOptions {
  /** Permissions of the file. Default: those that the process gives new files. */
  readonly mode?: number;
  /** Path of the temporary file, on the same file system. Default: a hidden file beside `path`. */
  readonly temporary?: string;
}

/**
 * Writes a file whole or not at all: all parts go to a temporary file beside `path`, which then
 * takes the name `path`. Only one part need be in memory at a time.
 *
 * @param path - Path of the file. An existing file is replaced.
 * @param parts - Contents, in order.
 * @throws {@link UserError} if the file cannot be written or a part cannot be made.
 *
 * @example
 * ```ts
 * import { writeWholeFile } from "blindspot/tensor-files";
 *
 * await writeWholeFile("hello.txt", [new TextEncoder().encode("hello\n")]);
 * ```
 */
export async function writeWholeFile(
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    const handle = await open(temporary, "wx");
    try {
      for await (const part of parts) await handle.writeFile(part);
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw cannotWrite(path, error);
  }
}

/**
 * Writes a file whole or not at all, as `writeWholeFile` does, without giving other code a turn.
 *
 * @param path - Path of the file. An existing file is replaced.
 * @param content - Text, written as UTF-8, or bytes.
 * @param options - Permissions and the temporary file.
 * @throws {@link UserError} if the file cannot be written.
 */
export function writeWholeFileSync(
  path: string,
  content: string | Uint8Array,
  { mode, temporary = temporaryBeside(path) }: WriteOptions = {},
): void {
  try {
    writeFileSync(temporary, content, { mode });
    renameSync(temporary, path);
  } catch (error) {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // Where not even the folder can be read, no temporary file was made.
    }
    throw cannotWrite(path, error);
  }
}

/** The error for a file that cannot be written, with the system's code where there is one. */
export const cannotWrite = (path: string, error: unknown): UserError =>
  new UserError(
    `${path}: cannot be written (${errorCode(error)}); give a file in a folder that you can write to`,
  );

/** A path in the folder of `path`, because renaming is atomic only within a file system. */
const temporaryBeside = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomBytes(4).toString("hex")}.tmp`);
