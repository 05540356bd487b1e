import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** What the compiler writes for a source file `name.ts`: `name.js`, `name.d.ts` and source maps. */
const OUTPUT = /(\.js|\.d\.ts)(\.map)?$/;

/**
 * Removes the compiler's output for sources that no longer exist, and the folders that are then
 * empty. The compiler itself leaves such files, and a published package would contain them.
 *
 * @param output - Folder of the output.
 * @param sources - Folder of the sources, laid out like `output`.
 * @returns The removed files.
 */
export function removeStaleOutput(output: string, sources: string): string[] {
  const removed: string[] = [];
  for (const entry of readdirSync(output, { withFileTypes: true })) {
    const [path, source] = [join(output, entry.name), join(sources, entry.name)];
    if (entry.isDirectory()) {
      removed.push(...removeStaleOutput(path, source));
      if (readdirSync(path).length === 0) rmdirSync(path);
    } else if (OUTPUT.test(entry.name) && !existsSync(source.replace(OUTPUT, ".ts"))) {
      rmSync(path);
      removed.push(path);
    }
  }
  return removed;
}
