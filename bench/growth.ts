/**
 * Times the gradient of a residual network for growing batch, width and depth, in our engine and in
 * PyTorch in alternation:
 *
 *     npm run bench:growth -- [batch] [width] [depth] [--runs 5] [--threads 2] [--svg growth.svg]
 *
 * Fits t = a·nᵖ to the times by least squares on logarithms and prints p. `--svg` draws the times.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { UserError } from "../src/base/errors.js";
import { columns, logAxis, rows } from "../src/report/experiment/axes.js";
import { figure, px, seriesStyle } from "../src/report/experiment/svg.js";
import { html } from "../src/report/html/markup.js";
import { Contestant } from "./contestant.js";
import { median } from "./median.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    svg: { type: "string" },
  },
});
const [runs, threads] = [Number(flags.runs), Number(flags.threads)];

interface Case {
  readonly n: number;
  readonly network: string;
  readonly batch: number;
}

/** Networks of growing size n, by the quantity that grows. */
const SERIES: Readonly<Record<string, readonly Case[]>> = {
  batch: [8, 16, 32, 64, 128].map((n) => ({ n, network: "resnet-1x32", batch: n })),
  width: [16, 32, 64, 128].map((n) => ({ n, network: `resnet-1x${n}`, batch: 32 })),
  // Depth: two convolutions per block in three stages, the stem and the last layer.
  depth: [1, 2, 4, 8].map((blocks) => ({ n: 6 * blocks + 2, network: `resnet-${blocks}x32`, batch: 32 })),
};

interface Point {
  readonly n: number;
  readonly ours: Cost;
  readonly theirs: Cost;
}

/** Median time and peak memory of one side. */
interface Cost {
  readonly ms: number;
  readonly peakMiB: number;
}

const timed: Record<string, Point[]> = {};
for (const name of positionals.length > 0 ? positionals : Object.keys(SERIES)) {
  const cases = SERIES[name];
  if (cases === undefined)
    throw new UserError(`growth with ${name}: expected ${Object.keys(SERIES).join(", ")}`);
  timed[name] = [];
  for (const one of cases) timed[name].push(await time(one));
}
console.table(
  Object.entries(timed).flatMap(([name, points]) =>
    points.map(({ n, ours, theirs }) => ({
      grows: name,
      n,
      "ours ms": rounded(ours.ms, 1),
      "PyTorch ms": rounded(theirs.ms, 1),
      "ours MiB": rounded(ours.peakMiB, 0),
      "PyTorch MiB": rounded(theirs.peakMiB, 0),
    })),
  ),
);
console.table(
  Object.entries(timed).map(([name, points]) => ({
    grows: name,
    "ours, exponent of time": rounded(exponent(points.map(({ n, ours }) => [n, ours.ms])), 2),
    "PyTorch, exponent of time": rounded(exponent(points.map(({ n, theirs }) => [n, theirs.ms])), 2),
  })),
);
if (flags.svg) writeFileSync(flags.svg, drawn());

async function time({ n, network, batch }: Case): Promise<Point> {
  const sides = [Contestant.ours(), Contestant.pytorch(threads)] as const;
  try {
    for (const side of sides) await side.ask({ prepare: network, batch, work: "gradient", threads });
    const times: [number[], number[]] = [[], []];
    // The first two runs allocate memory and do not count.
    for (let i = 0; i < runs + 2; i++)
      for (const [k, side] of sides.entries()) times[k].push((await side.ask<{ ms: number }>({ run: 1 })).ms);
    const [ours, theirs] = await Promise.all(
      sides.map(async (side, k) => ({
        ms: median(times[k].slice(2)),
        ...(await side.ask<{ peakMiB: number }>({ memory: 1 })),
      })),
    );
    return { n, ours, theirs };
  } finally {
    for (const side of sides) side.close();
  }
}

/** Slope of the least-squares line through the points (log n, log t). */
function exponent(points: readonly (readonly [n: number, t: number])[]): number {
  const logs = points.map(([n, t]) => [Math.log(n), Math.log(t)] as const);
  const mean = (pick: (p: readonly [number, number]) => number) =>
    logs.reduce((sum, p) => sum + pick(p), 0) / logs.length;
  const [x, y] = [mean(([a]) => a), mean(([, b]) => b)];
  const sum = (f: (a: number, b: number) => number) => logs.reduce((s, [a, b]) => s + f(a - x, b - y), 0);
  return sum((a, b) => a * b) / sum((a) => a * a);
}

function drawn(): string {
  const [size, gap, top] = [190, 64, 88];
  const names = ["ours", "PyTorch"];
  const all = Object.values(timed).flatMap((points) =>
    points.flatMap(({ ours, theirs }) => [ours.ms, theirs.ms]),
  );
  const panels = Object.entries(timed).map(([name, points], i) => {
    const panel = { left: 60 + i * (size + gap), top, width: size, height: size };
    const ns = points.map(({ n }) => n);
    const x = logAxis({
      low: Math.min(...ns),
      high: Math.max(...ns),
      from: panel.left,
      to: panel.left + size,
    });
    const y = logAxis({ low: Math.min(...all), high: Math.max(...all), from: top + size, to: top });
    const lines = names.map((side, k) => {
      const at = points.map(({ n, ours, theirs }) => `${px(x.at(n))},${px(y.at([ours, theirs][k].ms))}`);
      return html`<polyline class="line ${seriesStyle(names, side)}" points="${at.join(" ")}"/>`;
    });
    return html`<g><text x="${panel.left}" y="${top - 10}">ms by ${name}</text>${rows(panel, y)}${columns(panel, x)}${lines}</g>`;
  });
  const legend = names.map((name, i) => {
    const x = 16 + i * 130;
    return html`<line class="line ${seriesStyle(names, name)}" x1="${x}" x2="${x + 26}" y1="46" y2="46"/><text x="${x + 32}" y="50">${name}</text>`;
  });
  const width = 60 + panels.length * (size + gap) - gap + 16;
  return figure(width, top + size + 40, "Gradient of a residual network", html`${legend}${panels}`);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
