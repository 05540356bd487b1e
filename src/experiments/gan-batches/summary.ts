import type { NormName } from "../../nn/index.js";
import type { Series } from "../training/metrics.js";
import type { Arrangement } from "./procedure.js";

/** What one run comes to. */
export interface Summary {
  readonly discriminatorLoss: Series;
  readonly generatorLoss: Series;
  /** What the discriminator's norm layers blocked and removed, in the order of layers and passes. */
  readonly recorded: readonly Recorded[];
  /** Accuracy of a linear probe of the discriminator's last features. */
  readonly probe: number;
}

/** A norm layer in one pass: over the real images, over the generated ones, or over both at once. */
export interface Recorded {
  readonly layer: string;
  readonly pass: "real" | "fake" | "mixed";
  readonly numbers: Readonly<Record<Measured, Series>>;
}

/** Shares of the gradient energy (blocked = first + diag), and what the weights below miss. */
export const measures = ["blocked", "first", "diag", "removed"] as const;
export type Measured = (typeof measures)[number];

/** The runs of a norm with one arrangement of batches, one for every seed. */
export interface Runs {
  readonly norm: NormName;
  readonly arrangement: Arrangement;
  readonly summaries: readonly Summary[];
}

/** The mean over training, and over the passes, of what a norm layer did to the gradient. */
export function averageOf({ recorded }: Summary, layer: string, measured: Measured): number {
  const means = recorded
    .filter((r) => r.layer === layer)
    .map(({ numbers }) => meanOf(numbers[measured].values));
  return meanOf(means);
}

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The layers that were recorded, from the image up. */
export const layersOf = ({ recorded }: Summary): string[] => [...new Set(recorded.map(({ layer }) => layer))];
