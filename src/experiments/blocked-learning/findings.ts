import type { Curve, Estimate } from "../result.js";
import { sampleOf } from "../statistics.js";
import type { Runs, Summary } from "./summary.js";

const QUANTITIES: readonly [string, (summary: Summary) => number][] = [
  ["movement of the weights below", ({ movement }) => movement],
  ["last loss / first loss", ({ lossRatio }) => lossRatio],
];

/** The numbers of one variant, over the seeds. */
export const estimatesOf = ({ condition, summaries }: Runs): Estimate[] =>
  QUANTITIES.map(([quantity, of]) => ({
    ...{ group: condition, series: "", quantity },
    ...sampleOf(summaries.map(of)),
  }));

/** The loss of one variant over training. */
export const curveOf = ({ condition, summaries }: Runs): Curve => ({
  ...{ group: condition, series: "", quantity: "loss" },
  steps: summaries[0].losses.map((_, i) => i + 1),
  values: summaries.map(({ losses }) => losses),
});
