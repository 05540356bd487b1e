import { type Cloud, type Curve, type Estimate, projections } from "../result.js";
import { sampleOf } from "../statistics.js";
import type { Series } from "../training/metrics.js";
import type { Condition, Quality, Runs, Summary } from "./summary.js";

const QUANTITIES: readonly [string, (quality: Quality) => number][] = [
  ["linear probe accuracy", (q) => q.probe],
  ["linear probe accuracy below the norm", (q) => q.probeBelow],
  ["accuracy with its own head", (q) => q.head],
  ["silhouette", (q) => q.silhouette],
  ["between/within scatter", (q) => q.scatter],
];

const CURVES: readonly [string, (summary: Summary) => Series][] = [
  ["training loss", (s) => s.loss],
  ["test accuracy with its own head", (s) => s.accuracy],
  ["blocked share", (s) => s.blocked],
  ["removed from the weights below", (s) => s.removed],
];

const namesOf = ({ norm, batching }: Condition) => ({ group: norm, series: batching });

/** The quality of the features under one condition, over the seeds. */
export const estimatesOf = (runs: Runs): Estimate[] =>
  QUANTITIES.map(([quantity, of]) => ({
    ...namesOf(runs),
    quantity,
    ...sampleOf(runs.summaries.map(({ quality }) => of(quality))),
  }));

/** Curves over the steps of training. A norm that blocks nothing has no curve of what it blocks. */
export const curvesOf = (runs: Runs): Curve[] =>
  CURVES.filter(([, of]) => of(runs.summaries[0]).steps.length > 0).map(([quantity, of]) => ({
    ...{ ...namesOf(runs), quantity, steps: of(runs.summaries[0]).steps },
    values: runs.summaries.map((summary) => of(summary).values),
  }));

/** The features of the first seed in a plane, by each projection and for each condition. */
export const cloudsOf = (all: readonly Runs[], seed: number): Cloud[] =>
  projections.flatMap((projection) =>
    all.map((runs) => {
      const { planes, labels } = runs.summaries[0];
      return { ...namesOf(runs), projection, seed, points: planes[projection], labels };
    }),
  );
