import type { ExperimentResult } from "../../experiments/result.js";
import { cloudsFigure } from "./clouds.js";
import { curvesFigure } from "./curves.js";
import { dotsFigure } from "./dots.js";
import { picturesFigure } from "./pictures.js";

/** Draws all figures of a result. Returns the SVG text of each figure by its file name. */
export function figures({
  measurements,
  curves,
  clouds,
  pictures = [],
}: ExperimentResult): Map<string, string> {
  const drawn = new Map<string, string>();
  for (const quantity of new Set(curves.map((c) => c.quantity))) {
    const own = curves.filter((c) => c.quantity === quantity);
    const over = own[0].across === undefined ? "over-steps" : "across";
    drawn.set(`${fileName(quantity)}-${over}.svg`, curvesFigure(own, quantity));
  }
  for (const quantity of new Set(measurements.map((m) => m.quantity)))
    drawn.set(
      `${fileName(quantity)}.svg`,
      dotsFigure(
        measurements.filter((m) => m.quantity === quantity),
        quantity,
      ),
    );
  for (const projection of new Set(clouds.map((c) => c.projection)))
    drawn.set(
      `features-by-${fileName(projection)}.svg`,
      cloudsFigure(
        clouds.filter((c) => c.projection === projection),
        `Test features by ${projection}, one colour for each class (seed ${clouds[0].seed})`,
      ),
    );
  for (const title of new Set(pictures.map((p) => p.title)))
    drawn.set(
      `${fileName(title)}.svg`,
      picturesFigure(
        pictures.filter((p) => p.title === title),
        title,
      ),
    );
  return drawn;
}

const fileName = (quantity: string): string =>
  quantity
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
