import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const CODE = /(?<!\.d)\.[jt]s$/;
const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/**
 * SHA-256 over the code of blindspot that lies in these folders of `root` (src, or dist) and beside them, and over package.json, which
 * pins the versions of what they use. So programs made by other code are never found, be it another version or a line changed in a working copy.
 * Undefined where the code is not laid out so, as in a bundle.
 */
export function codeHash(folders: readonly string[], root = ROOT): string | undefined {
  const hash = createHash("sha256");
  try {
    const manifest = readFileSync(join(root, "..", "package.json"));
    if (JSON.parse(manifest.toString()).name !== "blindspot") return undefined;
    hash.update(manifest);
    for (const folder of ["", ...folders])
      for (const file of codeFiles(join(root, folder), folder !== "")) {
        const code = readFileSync(file);
        hash.update(`${file.slice(root.length)} ${code.length}\n`).update(code);
      }
  } catch {
    return undefined;
  }
  return hash.digest("hex");
}

const codeFiles = (folder: string, recursive: boolean): string[] =>
  readdirSync(folder, { recursive, withFileTypes: true })
    .filter((entry) => entry.isFile() && CODE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
