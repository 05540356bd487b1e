/**
 * Writes what a refactoring must not change: the hash of every graph that the networks of the
 * benchmarks are lowered to, and every number and verdict of the audits of the zoo and the
 * examples. Compare two runs:
 *
 *     npm run fingerprint -- before.json
 *     npm run fingerprint -- after.json && diff before.json after.json
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NETWORKS } from "../bench/networks/index.js";
import { task, WORKS } from "../bench/work.js";
import { auditModel } from "../src/audit/index.js";
import { UserError } from "../src/base/errors.js";
import { lower } from "../src/engine/index.js";
import type { LossKind } from "../src/onnx/index.js";

/** Batch size of the lowered graphs. */
const BATCH = 8;
/** `standard` graphs have none of ONNX Runtime's own operators. */
const OPTIMIZATIONS = { optimized: {}, standard: { winograd: false, contrib: false, promptRelease: false } };

const root = fileURLToPath(new URL("../", import.meta.url));
const zoo = join(root, "test/fixtures/zoo");

const fingerprint: Record<string, unknown> = {};

for (const network of Object.keys(NETWORKS))
  for (const work of WORKS)
    for (const [name, optimizations] of Object.entries(OPTIMIZATIONS)) {
      const { fn, args } = task(network, BATCH, work);
      fingerprint[`${network} ${work} ${name}`] = sha256(lower(fn, args, { optimizations }).bytes);
    }

for (const model of readdirSync(zoo).sort()) {
  const folder = join(zoo, model);
  if (!existsSync(join(folder, "golden.json"))) continue;
  const { loss } = JSON.parse(readFileSync(join(folder, "golden.json"), "utf8")) as {
    loss?: { kind?: LossKind };
  };
  await audit(join(folder, "model.onnx"), join(folder, "batch.npz"), loss?.kind);
}
for (const batch of ["mixed", "one-class"])
  await audit(join(root, "examples/glyphs.onnx"), join(root, `examples/${batch}.npz`), undefined);

const [file] = process.argv.slice(2);
const text = `${JSON.stringify(fingerprint, null, 1)}\n`;
if (file === undefined) process.stdout.write(text);
else writeFileSync(file, text);

async function audit(model: string, data: string, loss: LossKind | undefined): Promise<void> {
  for (const precision of ["float32", "float64"] as const)
    for (const portable of [true, false]) {
      const graphs: string[] = [];
      const onGraph = portable ? (bytes: Uint8Array) => void graphs.push(sha256(bytes)) : undefined;
      const name = `${model.slice(root.length)} ${data.slice(root.length)} ${precision}${portable ? " standard" : ""}`;
      const report = await auditModel(model, { data, loss, precision, onGraph }).then(numbersOf, refusal);
      fingerprint[name] = { graphs, report };
    }
}

/** Every number, boolean, verdict and name of a report by its path. Leaves out sentences. */
function numbersOf(report: object): Record<string, unknown> {
  const numbers: Record<string, unknown> = {};
  const walk = (value: unknown, path: string) => {
    if (path.endsWith(".why") || path === ".warnings" || path === ".elapsedMs" || path === ".tool") return;
    if (path.endsWith(".description") || path === ".source.file" || path === ".batch.file") return;
    if (value instanceof Object)
      for (const [key, item] of Object.entries(value)) walk(item, `${path}.${key}`);
    else numbers[path] = value;
  };
  walk(report, "");
  return numbers;
}

function refusal(error: unknown): { exitCode: number } {
  if (error instanceof UserError) return { exitCode: error.exitCode };
  throw error;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
