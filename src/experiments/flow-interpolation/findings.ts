import type { Curve, Estimate, Picture } from "../result.js";
import { sampleOf } from "../statistics.js";
import {
  ALPHAS,
  bitsOfImages,
  type Condition,
  type Course,
  excess,
  HALF,
  type Runs,
  type Summary,
} from "./summary.js";

const QUANTITIES: readonly [string, (summary: Summary) => number][] = [
  ["bits/dim of images", ({ running }) => bitsOfImages(running)],
  ["bits/dim of blends − images", ({ running }) => excess(running)],
  ["bits/dim of blends − images, batch statistics", ({ batch }) => excess(batch)],
  ["images sorted from blends", ({ running }) => running.sorted[HALF]],
  ["images sorted from blends, batch statistics", ({ batch }) => batch.sorted[HALF]],
];

const namesOf = ({ norm, batching }: Condition) => ({ group: norm, series: batching });

/** The numbers of one condition, over the seeds. */
export const estimatesOf = (runs: Runs): Estimate[] =>
  QUANTITIES.map(([quantity, of]) => ({
    ...namesOf(runs),
    quantity,
    ...sampleOf(runs.summaries.map(of)),
  }));

/**
 * The curves of one condition. A panel along α shows one kind of batch, with one line for every
 * norm.
 */
export function curvesOf(runs: Runs): Curve[] {
  const { norm, batching, summaries } = runs;
  const along = (quantity: string, of: (summary: Summary) => Course): Curve => ({
    ...{ group: batching, series: norm, quantity, across: "α" },
    steps: ALPHAS,
    values: summaries.map((summary) => of(summary).bits),
  });
  return [
    along("bits/dim of blends", ({ running }) => running),
    along("bits/dim of blends, batch statistics", ({ batch }) => batch),
    {
      ...namesOf(runs),
      quantity: "bits/dim in training",
      steps: summaries[0].steps,
      values: summaries.map(({ training }) => training),
    },
  ];
}

/** The samples of the first seed of one condition. */
export const samplesOf = (runs: Runs, seed: number): Picture => ({
  ...namesOf(runs),
  title: `Samples (seed ${seed})`,
  png: runs.summaries[0].samples,
});
