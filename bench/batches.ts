/**
 * Compares the time of an audit of batches with that of the gradients that it needs at least:
 *
 *     npm run bench:batches -- [networks] [--batch 32] [--batches 8] [--cuts 3] [--runs 3]
 *
 * "audit" is the whole audit of k batches with c random cuts, compilation included. "one audit" is
 * that of a single batch, compilation included. "step" is one gradient of a batch in our engine,
 * "large step" that of all samples as one batch. "bound" is 1.2 × (k (1 + c) steps + one large
 * step) plus one audit. "PyTorch" is the time of the k (1 + c) gradients of batches and of the one
 * gradient of all samples in PyTorch, which measures nothing else. All contestants run in turns;
 * times are medians.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SampleRunner } from "../src/audit/batches/sample-runner.js";
import { auditBatches, auditModel } from "../src/audit/index.js";
import { load } from "../src/audit/load.js";
import { Random } from "../src/base/random.js";
import { sizeOf, type Tensor } from "../src/base/tensor.js";
import { readTensors } from "../src/tensor-files/index.js";
import { Contestant } from "./contestant.js";
import { median } from "./median.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "32" },
    batches: { type: "string", default: "8" },
    cuts: { type: "string", default: "3" },
    runs: { type: "string", default: "3" },
  },
});
const [batch, k, cuts, runs] = [flags.batch, flags.batches, flags.cuts, flags.runs].map(Number);

const rows: Record<string, string | number>[] = [];
for (const name of positionals.length > 0 ? positionals : ["vgg11", "resnet18"])
  rows.push(await compare(name));
console.log(`${cpus()[0].model}, ${cpus().length} threads, Node ${process.version}`);
console.table(rows);

async function compare(name: string) {
  const folder = mkdtempSync(join(tmpdir(), "blindspot-bench-"));
  const peer = Contestant.pytorch();
  const paths = await peer.ask<{ model: string; data: string }>({ export: name, batch, to: folder });
  const small = Object.fromEntries(await readTensors(paths.data));
  const large = Object.fromEntries(Object.entries(small).map(([key, tensor]) => [key, repeated(tensor)]));

  const loaded = await load(paths.model, { data: large });
  await using runner = new SampleRunner(loaded, {
    precision: "float32",
    device: "cpu",
    onProgress: () => {},
  });
  const first = (size: number) => Uint32Array.from({ length: size }, (_, i) => i);
  const names = runner.open(batch).networkWeights;
  const gradient = (size: number) => timed(async () => void (await runner.gradients(first(size), names)));
  const oneAudit = () => timed(async () => void (await auditModel(paths.model, { data: small })));
  const options = { data: large, batches: `size:${batch}`, cuts };
  const audit = () => timed(async () => void (await auditBatches(paths.model, options)));
  const gradients = async (size: number) => {
    await peer.ask({ prepare: name, batch: size, work: "gradient", threads: 2 });
    await peer.ask({ run: 1 });
    return (await peer.ask<{ ms: number }>({ run: 1 })).ms;
  };

  await gradient(batch);
  await gradient(k * batch);
  const times: { audit: number; one: number; step: number; large: number; peer: number }[] = [];
  for (let run = 0; run < runs; run++)
    times.push({
      audit: await audit(),
      one: await oneAudit(),
      step: median([await gradient(batch), await gradient(batch), await gradient(batch)]),
      large: await gradient(k * batch),
      peer: k * (1 + cuts) * (await gradients(batch)) + (await gradients(k * batch)),
    });
  peer.close();
  rmSync(folder, { recursive: true });
  const of = (key: keyof (typeof times)[number]) => median(times.map((time) => time[key]));
  const bound = 1.2 * (k * (1 + cuts) * of("step") + of("large")) + of("one");
  return {
    ...{ network: name, batch, batches: k, cuts },
    "audit ms": Math.round(of("audit")),
    "one audit ms": Math.round(of("one")),
    "step ms": Math.round(of("step")),
    "large step ms": Math.round(of("large")),
    "bound ms": Math.round(bound),
    "audit / bound": Math.round((100 * of("audit")) / bound) / 100,
    "PyTorch ms": Math.round(of("peer")),
  };
}

/** As many samples as all batches have, drawn at random from those of a tensor. */
function repeated({ dtype, shape, data }: Tensor): Tensor {
  const random = new Random(1);
  const size = sizeOf(shape.slice(1));
  const all = data.constructor as new (length: number) => typeof data;
  const values = new all(k * batch * size);
  for (let i = 0; i < values.length; i++)
    values[i] = dtype === "float32" ? random.normal() : data[random.below(data.length)];
  return { dtype, shape: shape.with(0, k * batch), data: values } as Tensor;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
