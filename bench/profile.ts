/**
 * Shows where the time of a compiled program goes:
 *
 *     npm run profile -- <network> [options]
 *       --batch 64   --work gradient | hvp | step   --runs 5   --threads 2   --nodes 20
 *
 * Prints the time per run by operator, by jax-js primitive and by source line of the model, then
 * the slowest nodes. A node of the backward pass counts for the line that it differentiates.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { compile, type Program } from "../src/engine/index.js";
import { median } from "./median.js";
import { task, type Work } from "./work.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "64" },
    work: { type: "string", default: "gradient" },
    runs: { type: "string", default: "5" },
    threads: { type: "string" },
    nodes: { type: "string", default: "20" },
  },
});

/** An event of ONNX Runtime's profile; `dur` is in microseconds. */
interface NodeEvent {
  readonly name: string;
  readonly cat: string;
  readonly dur: number;
  readonly args: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly Record<string, readonly number[]>[];
    readonly output_type_shape?: readonly Record<string, readonly number[]>[];
  };
}

/** Suffix that ONNX Runtime appends to the name of a node. */
const KERNEL = "_kernel_time";

const folder = mkdtempSync(join(tmpdir(), "blindspot-profile-"));
try {
  await main(positionals[0] ?? "vgg11");
} finally {
  rmSync(folder, { recursive: true });
}

async function main(network: string): Promise<void> {
  const { fn, args } = task(network, Number(flags.batch), flags.work as Work);
  const threads = flags.threads === undefined ? undefined : Number(flags.threads);
  const program = await compile(fn, args, { profile: join(folder, "run"), threads, sourceLines: true });
  const runs = Number(flags.runs);
  for (let i = 0; i < runs + 1; i++) await program.run(args);
  program.endProfiling();
  await program.dispose();
  const file = readdirSync(folder).find((name) => name.endsWith(".json"))!;
  const events = JSON.parse(readFileSync(join(folder, file), "utf8")) as NodeEvent[];
  report(
    events.filter(({ cat, name }) => cat === "Node" && name.endsWith(KERNEL)),
    runs,
    program.sources,
  );
}

function report(events: readonly NodeEvent[], runs: number, sources: Program["sources"]): void {
  const byNode = new Map<string, number[]>();
  const details = new Map<string, NodeEvent>();
  for (const event of events) {
    const times = byNode.get(event.name) ?? [];
    byNode.set(event.name, times);
    times.push(event.dur / 1000);
    details.set(event.name, event);
  }
  // Median over the runs. The first run allocates memory and does not count.
  const cost = [...byNode].map(([name, times]) => ({
    name,
    ms: median(times.slice(-runs)),
    event: details.get(name)!,
  }));
  const total = cost.reduce((sum, { ms }) => sum + ms, 0);
  console.log(`${cost.length} nodes, ${total.toFixed(1)} ms a run (sum of medians over ${runs} runs)`);
  console.table(grouped(cost, ({ event }) => event.args.op_name ?? "?", total));
  console.table(
    grouped(cost, ({ name }) => name.slice(0, name.lastIndexOf("_", name.lastIndexOf("_kernel") - 1)), total),
  );
  const lineOf = ({ name }: Cost) => {
    const line = sources.get(name.slice(0, -KERNEL.length))?.[0];
    if (line === undefined) return "?";
    return `${relative(process.cwd(), line.file)}:${line.line}${line.within ? ` ${line.within}` : ""}`;
  };
  console.table(grouped(cost, lineOf, total));
  const slowest = cost.toSorted((a, b) => b.ms - a.ms).slice(0, Number(flags.nodes));
  for (const { name, ms, event } of slowest)
    console.log(
      `${ms.toFixed(2).padStart(8)} ms  ${name.slice(0, -KERNEL.length)}  ${shapes(event.args.input_type_shape)} → ${shapes(event.args.output_type_shape)}`,
    );
}

interface Cost {
  readonly name: string;
  readonly ms: number;
  readonly event: NodeEvent;
}

function grouped(costs: readonly Cost[], keyOf: (cost: Cost) => string, total: number) {
  const sums = new Map<string, { ms: number; nodes: number }>();
  for (const cost of costs) {
    const sum = sums.get(keyOf(cost)) ?? { ms: 0, nodes: 0 };
    sums.set(keyOf(cost), { ms: sum.ms + cost.ms, nodes: sum.nodes + 1 });
  }
  return Object.fromEntries(
    [...sums]
      .sort(([, a], [, b]) => b.ms - a.ms)
      .slice(0, 16)
      .map(([key, { ms, nodes }]) => [
        key,
        { ms: Number(ms.toFixed(1)), percent: Number(((100 * ms) / total).toFixed(1)), nodes },
      ]),
  );
}

function shapes(list: readonly Record<string, readonly number[]>[] = []): string {
  return list.map((entry) => `[${Object.values(entry)[0]}]`).join(" ");
}
