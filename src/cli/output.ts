import { randomBytes } from "node:crypto";
import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../base/errors.js";
import type { TableOptions } from "../report/audit-table.js";

/** Whether a result is asked for as JSON: by --format, else by the ending of -o. */
export const wantsJson = ({
  format,
  output = "",
}: {
  format?: "table" | "json";
  output?: string;
}): boolean => (format === undefined ? /\.json$/i.test(output) : format === "json");

/** Widest table that is printed: longer lines are hard to read, and logs break them. */
const MAX_WIDTH = 100;
/** Narrowest: below it a terminal wraps lines that cannot be made shorter. */
const MIN_WIDTH = 40;

/**
 * How to print a table: for `stream`, or for a file where the user gave one. Colours only on a terminal, and
 * never where the user asked for none (no-color.org); no wider than the terminal.
 */
export function tableOptions(
  file: string | undefined,
  stream: Pick<NodeJS.WriteStream, "isTTY" | "columns"> = process.stdout,
): Required<TableOptions> {
  if (file !== undefined || !stream.isTTY) return { color: false, width: MAX_WIDTH };
  const width = Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, stream.columns || MAX_WIDTH));
  return { color: !process.env.NO_COLOR, width };
}

/** Throws unless `file` can be written, so that long work does not end with nothing to show for it. */
export function checkWritable(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw cannotWrite(file, error);
  }
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`${file}: cannot be written (it is a folder)`);
}

const cannotWrite = (file: string, error: unknown): UserError =>
  new UserError(`${file}: cannot be written (${(error as NodeJS.ErrnoException).code ?? error})`);

const interrupted = () => process.exit(130);

/**
 * Writes a whole file or nothing: to a temporary name beside it, then renamed. An interrupt that falls into
 * the write takes effect right after it; at any other time Ctrl-C ends the process at once, as it should
 * while a native computation holds the thread.
 */
export function writeWhole(file: string, content: string | Uint8Array): void {
  const temporary = join(dirname(file), `.${basename(file)}.${randomBytes(4).toString("hex")}.tmp`);
  // Once for all files that are written in one go.
  if (!process.listeners("SIGINT").includes(interrupted)) process.once("SIGINT", interrupted);
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw cannotWrite(file, error);
  } finally {
    setImmediate(() => process.off("SIGINT", interrupted));
  }
}
