/**
 * Times the engine and PyTorch on the same work, in alternation:
 *
 *     npm run bench -- --help
 *
 * Each side runs in a process of its own. Prints the median times and the medians of the pairwise
 * ratios, of elapsed time and of CPU time. CPU time depends less on other load of the machine than
 * elapsed time does, and least with one thread. Also prints the processor and the load.
 */
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Contestant } from "./contestant.js";
import { median } from "./median.js";
import { NETWORKS } from "./networks/index.js";
import { WORKS } from "./work.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "8,64" },
    work: { type: "string", default: "gradient" },
    runs: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (flags.help) {
  console.log(`npm run bench -- [networks] [options]     times of the engine and of PyTorch for the same work
  networks                 ${Object.keys(NETWORKS).join(", ")}, resnet-BLOCKSxWIDTH; default: all named networks
  --batch 8,64             batch sizes
  --work gradient          any of ${WORKS.join(", ")} (hvp: Hessian-vector product; step: gradient, SGD with momentum)
  --runs 5  --threads 2    counted runs of each side, threads of each side
  --json file              the table and the environment as JSON

npm run bench:audit        time of an audit of all layers and of one gradient of the same model
npm run bench:growth       growth with batch, width and depth: exponents, and a figure with --svg
npm run bench:cold-start   time of the whole process of blindspot audit (npm run build first)
npm run bench:second-start time of a first and a second start, with the program cache
npm run bench:recording    time of training steps that record blocked shares
npm run bench:trace        speed of reading recorded traces, in GB/s
npm run profile -- vgg11   time by operator, primitive, source line and node

BLINDSPOT_PYTHON names the Python with PyTorch; default /usr/bin/python3.`);
  process.exit();
}
const networks = positionals.length > 0 ? positionals : Object.keys(NETWORKS);
const runs = Number(flags.runs);
const threads = Number(flags.threads);

interface Time {
  readonly ms: number;
  readonly cpuMs: number;
}

const rows: Record<string, string | number>[] = [];
let version = "";
for (const network of networks)
  for (const batch of flags.batch.split(",").map(Number))
    for (const work of flags.work.split(",")) rows.push(await time(network, batch, work));

console.table(rows);
const environment = {
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  node: process.version,
  pytorch: version,
  threads,
  runs,
  load: loadavg(),
};
console.log(JSON.stringify(environment));
if (flags.json) writeFileSync(flags.json, `${JSON.stringify({ environment, rows }, null, 2)}\n`);

async function time(network: string, batch: number, work: string) {
  const ours = Contestant.ours();
  const theirs = Contestant.pytorch(threads);
  try {
    const request = { prepare: network, batch, work, threads };
    const { compileMs } = await ours.ask<{ compileMs: number }>(request);
    ({ version } = await theirs.ask<{ version: string }>(request));
    const pairs: [Time, Time][] = [];
    // The first two runs allocate memory and do not count.
    for (let i = 0; i < runs + 2; i++)
      pairs.push([await ours.ask<Time>({ run: 1 }), await theirs.ask<Time>({ run: 1 })]);
    const counted = pairs.slice(2);
    const [our, their] = [await ours.ask<Memory>({ memory: 1 }), await theirs.ask<Memory>({ memory: 1 })];
    return {
      network,
      batch,
      work,
      "ours ms": rounded(median(counted.map(([a]) => a.ms)), 1),
      "PyTorch ms": rounded(median(counted.map(([, b]) => b.ms)), 1),
      ratio: rounded(median(counted.map(([a, b]) => a.ms / b.ms)), 2),
      "CPU ratio": rounded(median(counted.map(([a, b]) => a.cpuMs / b.cpuMs)), 2),
      "compile ms": rounded(compileMs, 0),
      "ours MiB": rounded(our.peakMiB, 0),
      "PyTorch MiB": rounded(their.peakMiB, 0),
    };
  } finally {
    ours.close();
    theirs.close();
  }
}

interface Memory {
  readonly peakMiB: number;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
