import { dirname } from "node:path";
import { makeFolder } from "../base/make-folder.js";
import { writeWholeFileSync } from "../base/write-file.js";

/**
 * Writes `value` as JSON, whole or not at all. Makes missing folders. Throws a UserError where it
 * cannot.
 */
export function writeJson(path: string, value: unknown, indent?: number): void {
  writeText(path, `${JSON.stringify(value, null, indent)}\n`);
}

/** Writes text, whole or not at all. Makes missing folders. Throws a UserError where it cannot. */
export function writeText(path: string, text: string): void {
  makeFolder(dirname(path));
  writeWholeFileSync(path, text);
}
