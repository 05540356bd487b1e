/**
 * Finishes `npm run build`: removes files of dist/ whose source is gone, and makes the command line
 * executable. Files that have a source stay, so a process that runs dist/ meanwhile is not
 * disturbed.
 */
import { chmodSync } from "node:fs";
import { removeStaleOutput } from "./remove-stale-output.js";

for (const file of removeStaleOutput("dist", "src")) console.log(`removed ${file}, which has no source`);
chmodSync("dist/cli/main.js", 0o755);
