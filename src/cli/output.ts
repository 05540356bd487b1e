import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../base/errors.js";
import { cannotWrite, writeWholeFileSync } from "../base/write-file.js";
import type { TableOptions } from "../report/audit-table.js";

/** Tells whether the user asked for JSON: by --format, else by the extension of -o. */
export const wantsJson = ({
  format,
  output = "",
}: {
  format?: "table" | "json";
  output?: string;
}): boolean => (format === undefined ? /\.json$/i.test(output) : format === "json");

/** Widest table, in columns. Longer lines are hard to read, and logs break them. */
const MAX_WIDTH = 100;
/** Narrowest table, in columns. On a narrower terminal, lines wrap. */
const MIN_WIDTH = 40;

/**
 * Chooses colours and width of a table that is printed to `stream`, or to `file` if the user gave
 * one. Colours are used only on a terminal, and not if NO_COLOR is set (no-color.org). The table is
 * no wider than the terminal.
 */
export function tableOptions(
  file: string | undefined,
  stream: Pick<NodeJS.WriteStream, "isTTY" | "columns"> = process.stdout,
): Required<TableOptions> {
  if (file !== undefined || !stream.isTTY) return { color: false, width: MAX_WIDTH };
  const width = Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, stream.columns || MAX_WIDTH));
  return { color: !process.env.NO_COLOR, width };
}

/**
 * Checks before long work that its result can be written to `file`.
 * @throws UserError if it cannot.
 */
export function checkWritable(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw cannotWrite(file, error);
  }
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`${file}: cannot be written: expected a file, got a folder; give the name of a file`);
}

const interrupted = () => process.exit(130);

/**
 * Writes a whole file or nothing: writes to a temporary name in the same folder, then renames. An
 * interrupt during the write takes effect right after it. At any other time Ctrl-C ends the process
 * at once, even while native code runs.
 */
export function writeWhole(file: string, content: string | Uint8Array): void {
  // Files that are written one after another share one listener.
  if (!process.listeners("SIGINT").includes(interrupted)) process.once("SIGINT", interrupted);
  try {
    writeWholeFileSync(file, content);
  } finally {
    setImmediate(() => process.off("SIGINT", interrupted));
  }
}
