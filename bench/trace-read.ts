/**
 * Times the audit of recorded traces and finds its peak memory, on Linux:
 *
 *     npm run bench:trace -- [GiB]
 */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BlockedSharesAccumulator, batchNormLayout } from "../src/theory/index.js";

const gibibytes = Number(process.argv[2] ?? 1);
const ROUNDS = 5;

console.log(`Node ${process.version}, ${cpus()[0].model.trim()}, ${cpus().length} cores`);
timeAccumulator();
timeAudit();

/** Prints GB of y and G per second and thread, from memory, in blocks of the reader's size. */
function timeAccumulator(): void {
  console.log("\naccumulator           float32    float64");
  for (const shape of [
    [64, 64, 112, 112],
    [1024, 64, 7, 7],
    [4096, 64, 2, 2],
    [65536, 512],
  ]) {
    const rates = [Float32Array, Float64Array].map((Float) => rate(shape, Float));
    const columns = rates.map((gigabytes) => `${gigabytes.toFixed(1)} GB/s`.padStart(9));
    console.log(`${JSON.stringify(shape).padEnd(20)} ${columns.join("  ")}`);
  }
}

function rate(shape: number[], Float: Float32ArrayConstructor | Float64ArrayConstructor): number {
  const size = shape.reduce((a, b) => a * b);
  const y = new Float(size).map((_, i) => Math.SQRT2 * Math.sin(i));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    const accumulator = new BlockedSharesAccumulator(batchNormLayout(shape));
    for (let at = 0; at < size; at += 1 << 20)
      accumulator.add(y.subarray(at, at + (1 << 20)), y.subarray(at, at + (1 << 20)));
    accumulator.result();
    best = Math.min(best, performance.now() - started);
  }
  return (2 * y.byteLength) / best / 1e6;
}

/** Prints time and peak memory of the audit of a safetensors file, checksum included. */
function timeAudit(): void {
  const folder = mkdtempSync(join(tmpdir(), "blindspot-bench-"));
  try {
    const path = join(folder, "trace.safetensors");
    writeTrace(path, gibibytes);
    const source = fileURLToPath(new URL("../src/audit/audit-trace.ts", import.meta.url));
    // In a process of its own. resourceUsage().maxRSS would start at the peak of the parent
    // process.
    const program = `
      import { readFileSync } from "node:fs";
      import { auditTrace } from ${JSON.stringify(source)};
      const { elapsedMs } = await auditTrace(${JSON.stringify(path)});
      const peak = /VmHWM:\\s*(\\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1];
      console.log((elapsedMs / 1e3).toFixed(1) + " s, " + Math.round(peak / 1024) + " MiB resident");`;
    const result = execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    console.log(`\naudit of ${gibibytes} GiB of float32: ${result.trim()}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes layers of [64, 64, 128, 128]; y and G of a layer are half a gibibyte. */
function writeTrace(path: string, size: number): void {
  const shape = [64, 64, 128, 128];
  const values = Float32Array.from({ length: 64 * 64 * 128 * 128 }, (_, i) => Math.SQRT2 * Math.sin(1.7 * i));
  const bytes = Buffer.from(values.buffer);
  const header: Record<string, unknown> = {};
  let end = 0;
  for (let layer = 0; layer < 2 * size; layer++)
    for (const part of ["y", "grad_y"]) {
      const begin = end;
      end += bytes.length;
      header[`bn${layer}.${part}`] = { dtype: "F32", shape, data_offsets: [begin, end] };
    }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, "w");
  for (const part of [length, text, ...Object.keys(header).map(() => bytes)])
    for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
  closeSync(file);
}
