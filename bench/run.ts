/**
 * The engine against PyTorch on the same work, in alternation: npm run bench -- [networks] [options]
 *   --batch 8,64      batch sizes            --work gradient,hvp,step
 *   --runs 7          counted runs of each   --json file
 * Prints medians and the median of the pairwise ratios; the machine is recorded with them.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { compile } from "../src/engine/index.js";
import { Peer } from "./peer.js";
import { NETWORKS, task, WORKS, type Work } from "./work.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "8,64" },
    work: { type: "string", default: WORKS.join(",") },
    runs: { type: "string", default: "7" },
    json: { type: "string" },
  },
});
const networks = positionals.length > 0 ? positionals : Object.keys(NETWORKS);
const runs = Number(flags.runs);

const median = (list: readonly number[]): number => {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

const rows: Record<string, string | number>[] = [];
for (const network of networks)
  for (const batch of flags.batch.split(",").map(Number))
    for (const work of flags.work.split(",") as Work[]) rows.push(await measure(network, batch, work));

console.table(rows);
const environment = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, runs };
console.log(JSON.stringify(environment));
if (flags.json) writeFileSync(flags.json, `${JSON.stringify({ environment, rows }, null, 2)}\n`);

async function measure(network: string, batch: number, work: Work) {
  const { fn, args } = task(network, batch, work);
  const start = performance.now();
  const program = await compile(fn, args);
  const compileMs = performance.now() - start;
  const peer = new Peer();
  await peer.ask({ prepare: network, batch, work });
  const theirs = async () => (await peer.ask<{ ms: number }>({ run: 1 })).ms;
  const ours = async () => {
    const begin = performance.now();
    await program.run(args);
    return performance.now() - begin;
  };
  for (let i = 0; i < 2; i++) {
    await ours();
    await theirs();
  }
  const pairs: [number, number][] = [];
  for (let i = 0; i < runs; i++) pairs.push([await ours(), await theirs()]);
  const { peakMiB } = await peer.ask<{ peakMiB: number }>({ memory: 1 });
  peer.close();
  await program.dispose();
  return {
    network,
    batch,
    work,
    "ours ms": Math.round(10 * median(pairs.map(([a]) => a))) / 10,
    "PyTorch ms": Math.round(10 * median(pairs.map(([, b]) => b))) / 10,
    ratio: Math.round(100 * median(pairs.map(([a, b]) => a / b))) / 100,
    "compile ms": Math.round(compileMs),
    "PyTorch peak MiB": Math.round(peakMiB),
  };
}
