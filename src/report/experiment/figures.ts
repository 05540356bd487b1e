import type { ExperimentResult } from "../../experiments/result.js";
import { cloudsFigure } from "./clouds.js";
import { curvesFigure } from "./curves.js";
import { dotsFigure } from "./dots.js";

/** All figures of a result as SVG, by file name. */
export function figures({ measurements, curves, clouds }: ExperimentResult): Map<string, string> {
  const drawn = new Map<string, string>();
  for (const quantity of new Set(curves.map((c) => c.quantity)))
    drawn.set(
      `${fileName(quantity)}-over-steps.svg`,
      curvesFigure(
        curves.filter((c) => c.quantity === quantity),
        quantity,
      ),
    );
  for (const quantity of new Set(measurements.map((m) => m.quantity)))
    drawn.set(
      `${fileName(quantity)}.svg`,
      dotsFigure(
        measurements.filter((m) => m.quantity === quantity),
        quantity,
      ),
    );
  if (clouds.length > 0)
    drawn.set(
      "features.svg",
      cloudsFigure(
        clouds,
        `Test features in the plane of two principal components, a colour for each class (seed ${clouds[0]!.seed})`,
      ),
    );
  return drawn;
}

const fileName = (quantity: string): string => quantity.toLowerCase().replace(/[^a-z0-9]+/g, "-");
