import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A folder for the files of one test file, removed after its last test. */
export function temporaryFolder(): {
  path: (name: string) => string;
  write: (name: string, bytes: Uint8Array | string) => string;
} {
  const root = mkdtempSync(join(tmpdir(), "blindspot-test-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const path = (name: string) => join(root, name);
  return {
    path,
    write: (name, bytes) => {
      writeFileSync(path(name), bytes);
      return path(name);
    },
  };
}
