/**
 * Times first and second starts, in alternation, each in a process of its own:
 *
 *     npm run build
 *     npm run bench:second-start -- [networks] [model.onnx,batch.npz …]
 *       --batch 64   --work gradient   --runs 5
 *
 * For a network, times the compilation of its gradient or training step, with modules loaded. For a
 * model and a batch file, times the whole process of the audit. "compiled" runs without a program
 * cache, "first" fills an empty cache, "second" finds its program in the cache.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { userCache } from "../src/engine/cache/user-cache.js";
import { compile } from "../src/engine/index.js";
import { loadRuntime } from "../src/engine/runtime/node.js";
import { median } from "./median.js";
import { task, type Work } from "./work.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "64" },
    work: { type: "string", default: "gradient" },
    runs: { type: "string", default: "5" },
    once: { type: "string" },
  },
});

const EXAMPLE = "examples/glyphs.onnx,examples/one-class.npz";

if (flags.once !== undefined) console.log(await timed(flags.once));
else {
  const names = positionals.length > 0 ? positionals : [EXAMPLE, "mlp", "vgg11", "resnet18", "densenet121"];
  console.table(names.map((name) => compare(name, name.includes(",") ? audit : compiling)));
}

/** Milliseconds of compiling in this process. */
async function timed(name: string): Promise<number> {
  const { fn, args } = task(name, Number(flags.batch), flags.work as Work);
  await loadRuntime("cpu");
  const start = performance.now();
  await using _ = await compile(fn, args, { cache: userCache() });
  return performance.now() - start;
}

/** Milliseconds of compiling in a new process. */
function compiling(name: string, env: NodeJS.ProcessEnv): number {
  const options = ["--once", name, "--batch", flags.batch, "--work", flags.work];
  const script = ["--import", "tsx", fileURLToPath(import.meta.url), ...options];
  return Number(execFileSync(process.execPath, script, { env, encoding: "utf8" }));
}

/** Milliseconds of `blindspot audit` for a model and a batch file, separated by a comma. */
function audit(files: string, env: NodeJS.ProcessEnv): number {
  const [model, data] = files.split(",") as [string, string];
  const start = performance.now();
  execFileSync(process.execPath, ["dist/cli/main.js", "audit", model, "--data", data], { env });
  return performance.now() - start;
}

function compare(name: string, start: (name: string, env: NodeJS.ProcessEnv) => number) {
  const runs = Array.from({ length: Number(flags.runs) }, () => {
    const folder = mkdtempSync(join(tmpdir(), "blindspot-bench-"));
    const times = ["off", folder, folder].map((cache) =>
      start(name, { ...process.env, BLINDSPOT_CACHE: cache }),
    );
    rmSync(folder, { recursive: true });
    return times;
  });
  const of = (i: number) => Math.round(median(runs.map((times) => times[i])));
  return { start: name, "compiled ms": of(0), "first ms": of(1), "second ms": of(2) };
}
