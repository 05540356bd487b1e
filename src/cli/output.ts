import { randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../errors.js";

/**
 * Writes a whole file or nothing: to a temporary name beside it, then renamed. An interrupt that falls into
 * the write takes effect right after it; at any other time Ctrl-C ends the process at once, as it should
 * while a native computation holds the thread.
 */
export function writeWhole(file: string, content: string | Uint8Array): void {
  const temporary = join(dirname(file), `.${basename(file)}.${randomBytes(4).toString("hex")}.tmp`);
  const interrupted = () => process.exit(130);
  process.once("SIGINT", interrupted);
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new UserError(`${file}: cannot be written (${(error as NodeJS.ErrnoException).code ?? error})`);
  } finally {
    setImmediate(() => process.off("SIGINT", interrupted));
  }
}
