/**
 * Times the whole process of `blindspot audit` on the example, from its start to its report:
 *
 *     npm run build && npm run bench:cold-start -- [--runs 9]
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "./median.js";

const { values: flags } = parseArgs({ options: { runs: { type: "string", default: "9" } } });
const root = fileURLToPath(new URL("..", import.meta.url));
// Without the cache, every run compiles as a first start does.
const env = { ...process.env, BLINDSPOT_CACHE: "off" };
const audit = ["dist/cli/main.js", "audit", "examples/glyphs.onnx", "--data", "examples/one-class.npz"];

const times = Array.from({ length: Number(flags.runs) + 1 }, () => {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, audit, { cwd: root, encoding: "utf8", env });
  if (status !== 0) throw new Error(`blindspot audit ended with ${status}: ${stderr}`);
  return (performance.now() - start) / 1000;
}).slice(1); // The first run fills the file cache of the system.
console.log(
  `cold start to first audit: ${median(times).toFixed(2)} s (${Math.min(...times).toFixed(2)} to ${Math.max(...times).toFixed(2)})`,
);
