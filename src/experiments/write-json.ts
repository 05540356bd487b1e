import { renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../base/errors.js";
import { makeFolder } from "./make-folder.js";

/** Writes `value` as JSON: whole or not at all. Makes the folder if missing; throws a UserError where it cannot. */
export function writeJson(path: string, value: unknown, indent?: number): void {
  writeText(path, `${JSON.stringify(value, null, indent)}\n`);
}

/** The same for text. */
export function writeText(path: string, text: string): void {
  makeFolder(dirname(path));
  try {
    const temporary = `${path}.${process.pid}.part`;
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } catch (error) {
    throw new UserError(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code ?? error})`);
  }
}
