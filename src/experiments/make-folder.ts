import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../base/errors.js";

/**
 * Makes a folder with those above it that are missing; throws a UserError where it cannot. Level by level: the
 * recursive form of Node 20 never returns where a file system knows no such name, as below /proc.
 */
export function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process may have made it in between.
    if (code === "EEXIST" && statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    throw new UserError(`${path}: cannot be made (${code ?? error})`);
  }
}
