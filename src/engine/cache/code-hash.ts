import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Sources and built files, without declarations. */
const CODE = /(?<!\.d)\.[jt]s$/;
/** `src` or `dist`, whichever this file is in. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/**
 * SHA-256 over the code files in these folders of `root` (src or dist), and over package.json,
 * which pins the versions of the packages that the code uses. A cache with this hash in its keys
 * never returns a program that other code made: neither another version of blindspot nor a working
 * copy with a changed line.
 *
 * @returns undefined where the folders are not there or are not blindspot's, as in a bundle.
 */
export function codeHash(folders: readonly string[], root = ROOT): string | undefined {
  const hash = createHash("sha256");
  try {
    const manifest = readFileSync(join(root, "..", "package.json"));
    if (JSON.parse(manifest.toString()).name !== "blindspot") return undefined;
    hash.update(manifest);
    for (const folder of folders)
      for (const file of codeFiles(join(root, folder))) {
        const code = readFileSync(file);
        hash.update(`${file.slice(root.length)} ${code.length}\n`).update(code);
      }
  } catch {
    return undefined;
  }
  return hash.digest("hex");
}

const codeFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && CODE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
