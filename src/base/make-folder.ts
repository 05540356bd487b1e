import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "./errors.js";

/**
 * Makes a folder and the missing folders above it.
 *
 * It makes one level at a time, because the recursive `mkdir` of Node 20 never returns where a file
 * system refuses new names, such as /proc.
 *
 * @param path - Path of the folder.
 * @param options - `mode`: permissions of the folders that are made. Default: those that the
 * process gives new folders.
 * @throws {@link UserError} if a folder cannot be made.
 */
export function makeFolder(path: string, options: { readonly mode?: number } = {}): void {
  if (isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent, options);
  try {
    mkdirSync(path, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process may have made the folder since the first check.
    if (code === "EEXIST" && isFolder(path)) return;
    if (code === "EEXIST")
      throw new UserError(`${path}: expected a folder, got a file; choose another folder`);
    throw new UserError(`${path}: cannot be made (${code ?? error}); choose another folder`);
  }
}

/**
 * Whether there is a folder at `path`. A path that cannot be looked up, such as one below a file,
 * has none.
 */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
