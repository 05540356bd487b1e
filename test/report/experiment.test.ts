import { encode } from "fast-png";
import { describe, expect, it } from "vitest";
import type { ExperimentResult } from "../../src/experiments/result.js";
import { experimentTable } from "../../src/report/experiment/experiment-table.js";
import { figures } from "../../src/report/experiment/figures.js";
import { parseXml } from "../support/xml.js";

const sample = (values: number[]) => ({
  values,
  mean: values[0],
  deviation: values.length > 1 ? 0.25 : null,
});
const claim = {
  id: "c",
  statement: "Norms matter.",
  measure: "ln − bn",
  relation: "at least",
  bound: 0.02,
} as const;

/** Grey, 20 wide and 10 high. */
const PNG = Buffer.from(
  encode({ width: 20, height: 10, data: new Uint8Array(200), channels: 1, depth: 8 }),
).toString("base64");

const result: ExperimentResult = {
  schema: "blindspot.experiment/1",
  tool: { name: "blindspot", version: "0.0.0" },
  ...{
    experiment: "one-class-batches",
    title: "A <title> & more",
    scale: "smoke",
    seeds: [0, 1],
    norms: ["bn", "ln"],
  },
  ...{ settings: {}, trainingMs: 1500 },
  claims: [
    { ...claim, ...sample([0.5, 0.75]), interval: [0.1, 0.9], outcome: "confirmed" },
    { ...claim, ...sample([0.01]), interval: null, outcome: "undecided" },
  ],
  measurements: ["shuffled", "label"].map((series, i) => ({
    ...{ group: "bn", series, quantity: "scatter" },
    ...sample([1 + 500 * i, 2]),
  })),
  curves: [
    ...["shuffled", "label"].map((series) => ({
      ...{ group: "<bn>", series, quantity: "training loss", steps: [1, 2, 3] },
      values: [
        [3, 2, 1],
        [3, 2.5, 2],
      ],
    })),
    {
      ...{ group: "label", series: "bn", quantity: "bits", across: "α", steps: [0, 0.5, 1] },
      values: [[6.5, 7, 6.5]],
    },
  ],
  clouds: [
    {
      group: "bn",
      series: "label",
      projection: "t-SNE",
      seed: 0,
      points: [
        [0, 0],
        [1e9, -1e9],
      ],
      labels: [0, 9],
    },
  ],
  pictures: ["", "ln"].map((group) => ({ group, series: "", title: "Samples <of> it", png: PNG })),
};

describe("The figures of an experiment", () => {
  const drawn = figures(result);

  it("show each quantity, each curve, the features and the pictures", () => {
    expect([...drawn.keys()]).toEqual([
      "training-loss-over-steps.svg",
      "bits-across.svg",
      "scatter.svg",
      "features-by-t-sne.svg",
      "samples-of-it.svg",
    ]);
  });

  it.each([...drawn])(
    "%s: is well-formed, escapes names and keeps every coordinate within the picture",
    (_, svg) => {
      parseXml(svg);
      expect(svg).not.toMatch(/NaN|Infinity|undefined|<bn>/);
      const [, width, height] = svg.match(/viewBox="0 0 (\d+) (\d+)"/)!.map(Number) as [
        number,
        number,
        number,
      ];
      const within = (attributes: RegExp, limit: number) => {
        for (const [, value] of svg.matchAll(attributes)) {
          expect(Number(value)).toBeGreaterThanOrEqual(0);
          expect(Number(value)).toBeLessThanOrEqual(limit);
        }
      };
      within(/ (?:x|x1|x2|cx)="([^"]*)"/g, width);
      within(/ (?:y|y1|y2|cy)="([^"]*)"/g, height);
      for (const [, points] of svg.matchAll(/points="([^"]*)"/g))
        for (const point of points.split(" ")) {
          const [x, y] = point.split(",").map(Number) as [number, number];
          expect(x >= 0 && x <= width && y >= 0 && y <= height).toBe(true);
        }
    },
  );

  it("draw a line through the mean of the seeds and a band around it", () => {
    const svg = drawn.get("training-loss-over-steps.svg")!;
    const lines = [...svg.matchAll(/<polyline[^>]*points="([^"]*)"/g)].map(([, points]) =>
      points.split(" ").map((point) => Number(point.split(",")[1])),
    );
    expect(lines).toHaveLength(2);
    const [first, second, third] = lines[0];
    // The means are 3, 2.25 and 1.5, so the line falls by equal steps.
    expect(second - first).toBeGreaterThan(10);
    expect(third - second).toBeCloseTo(second - first, 0);
    expect(svg.match(/<polygon/g)).toHaveLength(2);
  });

  it("name a horizontal axis that does not show steps, and do not start its vertical axis at 0", () => {
    const svg = drawn.get("bits-across.svg")!;
    expect(svg).toContain(">α</text>");
    expect(svg).not.toContain(">steps</text>");
    const [, points] = svg.match(/<polyline[^>]*points="([^"]*)"/)!;
    const [low, high] = points.split(" ").map((point) => Number(point.split(",")[1]));
    expect(low - high).toBeGreaterThan(100);
  });

  it("embed pictures whole, at twice their size, side by side", () => {
    const svg = drawn.get("samples-of-it.svg")!;
    const images = [
      ...svg.matchAll(/<image x="(\d+)"[^>]* width="40" height="20" href="data:image\/png;base64,([^"]*)"/g),
    ];
    expect(images.map(([, , png]) => png)).toEqual([PNG, PNG]);
    expect(Number(images[1][1]) - Number(images[0][1])).toBeGreaterThan(40);
  });

  it("draw one dot for each seed of each condition and one point for each sample", () => {
    expect(drawn.get("scatter.svg")!.match(/<circle/g)).toHaveLength(4);
    expect(drawn.get("features-by-t-sne.svg")!.match(/<circle/g)).toHaveLength(2);
  });
});

describe("The table of an experiment", () => {
  const text = experimentTable(result, { color: false });
  it("gives the outcome of every claim and the numbers that decide it", () => {
    expect(text).toContain("✓ confirmed\n  Norms matter.\n");
    expect(text).toContain("ln − bn: 0.5 ± 0.25, 95 % between 0.1 and 0.9; claimed ≥ 0.02");
    expect(text).toContain("? undecided");
    expect(text).toContain("undecided with one seed");
    expect(text).toMatch(/bn, label +scatter +501 ± 0\.25/);
  });
  it("fits 100 columns", () => {
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });
});
