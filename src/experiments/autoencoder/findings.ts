import { meanOf } from "../../base/statistics.js";
import type { Curve, Estimate } from "../result.js";
import { sampleOf } from "../statistics.js";
import type { Series } from "../training/metrics.js";
import type { Runs, Summary } from "./summary.js";

/** The numbers of one norm, over the seeds. */
export function estimatesOf({ norm, summaries }: Runs): Estimate[] {
  const estimate = (quantity: string, series: string, of: (summary: Summary) => number): Estimate => ({
    ...{ group: norm, series, quantity },
    ...sampleOf(summaries.map(of)),
  });
  const layers = summaries[0].recorded.map(({ layer }) => layer);
  return [
    estimate("mean squared error on test images", "", ({ error }) => error),
    estimate("linear probe accuracy of the code", "", ({ probe }) => probe),
    ...layers.map((layer, i) =>
      estimate("removed", layer, ({ recorded }) => meanOf(recorded[i].removed.values)),
    ),
    ...layers.map((layer, i) =>
      estimate("blocked share", layer, ({ recorded }) => meanOf(recorded[i].blocked.values)),
    ),
  ];
}

/** The curves of one norm over training. */
export function curvesOf({ norm, summaries }: Runs): Curve[] {
  const curve = (quantity: string, series: string, of: (summary: Summary) => Series): Curve => ({
    ...{ group: norm, series, quantity, steps: of(summaries[0]).steps },
    values: summaries.map((summary) => of(summary).values),
  });
  return [
    curve("training loss", "", ({ loss }) => loss),
    curve("error on test images", "", ({ errors }) => errors),
    ...summaries[0].recorded.flatMap(({ layer }, i) => [
      curve("removed during training", layer, ({ recorded }) => recorded[i].removed),
      curve("blocked share during training", layer, ({ recorded }) => recorded[i].blocked),
    ]),
  ];
}
