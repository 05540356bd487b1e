/** Our side of the benchmarks: the requests of peer.py, one JSON object a line. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { compile, Loop } from "../src/engine/index.js";
import type { Tensor } from "../src/tensor.js";
import { task, type Work } from "./work.js";

interface Prepare {
  readonly prepare: string;
  readonly batch: number;
  readonly work: Work;
  readonly threads: number;
}

let once: () => Promise<unknown> = async () => {};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Prepare | { run: 1 } | { memory: 1 };
  const answer = "prepare" in request ? await prepare(request) : "run" in request ? await run() : memory();
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function prepare({ prepare: network, batch, work, threads }: Prepare) {
  const prepared = task(network, batch, work);
  const start = performance.now();
  const program = await compile(prepared.fn, prepared.args, { threads });
  const compileMs = performance.now() - start;
  if (work === "step") {
    const count = program.outputs.length;
    const loop = new Loop(program, prepared.args.slice(0, count));
    once = () => loop.step(prepared.args.slice(count));
  } else {
    let results: readonly Tensor[] = [];
    once = async () => {
      results = await program.run(prepared.args, results);
    };
  }
  return { compileMs };
}

async function run() {
  const before = process.cpuUsage();
  const start = performance.now();
  await once();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuMs: (user + system) / 1000 };
}

function memory() {
  const line = readFileSync("/proc/self/status", "utf8").match(/^VmHWM:\s+(\d+)/m);
  return { peakMiB: Number(line?.[1]) / 1024 };
}
