import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../base/errors.js";
import { errorCode } from "./error-code.js";

/**
 * Writes a file whole or not at all: all parts go to a temporary file beside `path`, which then
 * takes the name `path`.
 *
 * @param path - Path of the file. An existing file is replaced.
 * @param parts - Contents, in order.
 * @throws {@link UserError} if the file cannot be written.
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
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    const handle = await open(temporary, "wx");
    try {
      for await (const part of parts) await handle.writeFile(part);
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new UserError(`${path}: cannot be written (${errorCode(error)})`);
  }
}
