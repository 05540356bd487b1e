import { meanOf } from "../../base/statistics.js";
import type { NormName } from "../../nn/index.js";
import type { Series } from "../training/metrics.js";
import type { Arrangement } from "./procedure.js";

/** The numbers of one run. */
export interface Summary {
  readonly discriminatorLoss: Series;
  readonly generatorLoss: Series;
  /** The norm layers of the discriminator, one entry for each layer and pass. */
  readonly recorded: readonly RecordedPass[];
  /** Accuracy of a linear probe of the discriminator's last features. */
  readonly probe: number;
}

/** A norm layer in one pass: over real images, over generated images, or over both at once. */
export interface RecordedPass {
  readonly layer: string;
  readonly pass: "real" | "fake" | "mixed";
  readonly numbers: Readonly<Record<RecordedQuantity, Series>>;
}

/**
 * Recorded quantities: shares of the gradient energy (blocked = first + diag), and the share of the
 * weight gradient's length that is removed from the weights below.
 */
export const recordedQuantities = ["blocked", "first", "diag", "removed"] as const;
export type RecordedQuantity = (typeof recordedQuantities)[number];

/** A norm of the discriminator with one arrangement of batches. */
export interface Condition {
  readonly norm: NormName;
  readonly arrangement: Arrangement;
}

/** The runs of one condition. */
export interface Runs extends Condition {
  /** In the order of the seeds. */
  readonly summaries: readonly Summary[];
}

/** The mean of a quantity at one layer: over training, then over the passes. */
export function averageOf({ recorded }: Summary, layer: string, quantity: RecordedQuantity): number {
  const passes = recorded.filter((r) => r.layer === layer);
  return meanOf(passes.map(({ numbers }) => meanOf(numbers[quantity].values)));
}

/** The recorded layers, in the order from the image to the logit. */
export const layersOf = ({ recorded }: Summary): string[] => [...new Set(recorded.map(({ layer }) => layer))];
