import type { Curve, Estimate } from "../result.js";
import { sampleOf } from "../statistics.js";
import type { Series } from "../training/metrics.js";
import {
  averageOf,
  layersOf,
  type RecordedQuantity,
  type Runs,
  recordedQuantities,
  type Summary,
} from "./summary.js";

const TITLES: Record<RecordedQuantity, string> = {
  blocked: "blocked share",
  first: "first-order share",
  diag: "diagonal share",
  removed: "removed",
};

/** The numbers of one condition, over the seeds. */
export function estimatesOf({ norm, arrangement, summaries }: Runs): Estimate[] {
  const estimate = (quantity: string, of: (summary: Summary) => number): Estimate => ({
    ...{ group: norm, series: arrangement, quantity },
    ...sampleOf(summaries.map(of)),
  });
  return [
    ...layersOf(summaries[0]).flatMap((layer) =>
      recordedQuantities.map((quantity) =>
        estimate(`${TITLES[quantity]}, ${layer}`, (summary) => averageOf(summary, layer, quantity)),
      ),
    ),
    estimate("linear probe accuracy", ({ probe }) => probe),
  ];
}

/**
 * The curves of one condition over training. Separate batches have one curve for each of the two
 * passes.
 */
export function curvesOf({ norm, arrangement, summaries }: Runs): Curve[] {
  const curve = (quantity: string, series: string, of: (summary: Summary) => Series): Curve => ({
    ...{ group: norm, series, quantity, steps: of(summaries[0]).steps },
    values: summaries.map((summary) => of(summary).values),
  });
  return [
    ...summaries[0].recorded.flatMap(({ layer, pass }, i) =>
      recordedQuantities.map((quantity) =>
        curve(
          `${TITLES[quantity]}, ${layer}`,
          arrangement === "mixed" ? "mixed" : `all ${pass}`,
          ({ recorded }) => recorded[i].numbers[quantity],
        ),
      ),
    ),
    curve("loss of the discriminator", arrangement, (s) => s.discriminatorLoss),
    curve("loss of the generator", arrangement, (s) => s.generatorLoss),
  ];
}
