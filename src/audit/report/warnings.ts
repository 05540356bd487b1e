import type { BatchFile } from "../../onnx/index.js";
import type { BlockedShares } from "../../theory/index.js";
import type { GroupedBy } from "./result.js";

/** One warning for each tensor of the batch with NaN or infinite elements. */
export function batchWarnings({ file, tensors }: BatchFile): string[] {
  return [...tensors].flatMap(([key, { data }]) => {
    const count = countNonFinite(data);
    return count === 0 ? [] : [`${file}: key "${key}" holds ${count} NaN or infinite elements`];
  });
}

/** The numbers of a layer that its warnings depend on. */
export interface WarnedLayer {
  readonly name: string;
  readonly groupedBy: GroupedBy;
  readonly shares: BlockedShares;
  /** σ of the groups and the precision it was computed in; left out for a recorded trace. */
  readonly sigma?: ArrayLike<number>;
  readonly precision?: "float32" | "float64";
}

/** The warnings about one layer, from a model or from a recorded trace. */
export function layerWarnings(layer: WarnedLayer): string[] {
  const overflow = overflowWarning(layer);
  // Where the variance overflows, y is 0 for that reason alone.
  const variance = layer.sigma === undefined ? null : (overflow ?? constantWarning(layer));
  return [nonFiniteWarning(layer), variance].filter((warning) => warning !== null);
}

/** Counts the elements that were left out because they are NaN or infinite. */
function nonFiniteWarning({ name, shares }: WarnedLayer): string | null {
  const count = shares.nonFinite;
  if (count === 0) return null;
  return `${name}: ${count === 1 ? "1 element is" : `${count} elements are`} NaN or infinite in y or its gradient; left out of the energies`;
}

/**
 * Counts the groups whose variance is infinite in this precision. There y = 0, and the layer's
 * numbers mean nothing.
 */
function overflowWarning({ name, shares, sigma = [], precision }: WarnedLayer): string | null {
  // NaN comes from the input or the weights and is reported there.
  const count = Array.from(sigma).filter((value) => value === Number.POSITIVE_INFINITY).length;
  if (count === 0) return null;
  const remedy = precision === "float32" ? "scale the input or use --precision float64" : "scale the input";
  return `${name}: the variance of ${count} of ${shares.energy.length} groups is not finite in ${precision}, so the layer's numbers mean nothing: ${remedy}`;
}

/** Counts the groups that do not vary on this batch, such as the channels of dead filters. */
function constantWarning({ name, shares, groupedBy }: WarnedLayer): string | null {
  const { constantGroups, energy } = shares;
  if (constantGroups === 0) return null;
  return `${name}: ${constantGroups} of ${energy.length} ${groupedBy}s do not vary on this batch (variance 0); their diagonal part counts as 0`;
}

function countNonFinite(values: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
  return count;
}
