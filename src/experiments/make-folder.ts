import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../base/errors.js";

/**
 * Makes a folder and the missing folders above it. Throws a UserError where it cannot.
 *
 * It makes one level at a time, because the recursive `mkdirSync` of Node 20 never returns where a
 * file system refuses new names, such as /proc.
 */
export function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process may have made the folder since the first check.
    if (code === "EEXIST" && statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    throw new UserError(`${path}: cannot be made (${code ?? error}); choose another folder`);
  }
}
