import { join } from "node:path";
import type { ExperimentResult } from "../experiments/result.js";
import { writeWhole } from "./output.js";

/** Writes the figures of a result into `folder` as SVG files. */
export async function drawFigures(result: ExperimentResult, folder: string): Promise<void> {
  const { figures } = await import("../report/experiment/figures.js");
  for (const [file, svg] of figures(result)) writeWhole(join(folder, file), svg);
}
