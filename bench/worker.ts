/**
 * Our side of the benchmarks. Answers the requests that peer.py documents, one JSON object a line.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Tensor } from "../src/base/tensor.js";
import { compile, Loop, type Program } from "../src/engine/index.js";
import { task, type Work } from "./work.js";

interface Prepare {
  readonly prepare: string;
  readonly batch: number;
  readonly work: Work;
  readonly threads: number;
}

/** One run of the prepared work. */
let once: () => Promise<unknown> = async () => {};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Prepare | { run: 1 } | { memory: 1 };
  const answer = "prepare" in request ? await prepare(request) : "run" in request ? await run() : memory();
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function prepare({ prepare: network, batch, work, threads }: Prepare) {
  const { fn, args } = task(network, batch, work);
  const start = performance.now();
  const program = await compile(fn, args, { threads });
  const compileMs = performance.now() - start;
  once = work === "step" ? stepping(program, args) : calling(program, args);
  return { compileMs };
}

/** Runs training steps. The loop owns the state; the initial state is not kept. */
function stepping(program: Program, args: readonly Tensor[]): () => Promise<unknown> {
  const count = program.outputs.length;
  const loop = new Loop(program, args.slice(0, count));
  const batch = args.slice(count);
  return () => loop.step(batch);
}

/** Runs the program on the same arguments. Each run reuses the memory of the last results. */
function calling(program: Program, args: readonly Tensor[]): () => Promise<unknown> {
  let results: readonly Tensor[] = [];
  return async () => {
    results = await program.run(args, results);
  };
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
