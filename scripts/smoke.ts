/**
 * Runs every experiment at its smallest scale in a temporary folder: npm run smoke. Whether claims
 * hold is not asked.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "blindspot-smoke-"));
try {
  const arguments_ = [
    "dist/cli/main.js",
    "reproduce",
    "all",
    "--scale",
    "smoke",
    "--out",
    join(folder, "all"),
  ];
  process.exitCode = spawnSync(process.execPath, arguments_, { stdio: "inherit" }).status ?? 3;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
