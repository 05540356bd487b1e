import type { Batch, OpenedLayer } from "../../onnx/index.js";
import type { LayerMeasurement } from "./layer.js";

/** One line for each tensor of the batch that holds NaN or infinities, which spoil all that is computed from them. */
export function nonFiniteInputs({ file, tensors }: Batch): string[] {
  return [...tensors].flatMap(([key, { data }]) => {
    const count = countNonFinite(data);
    return count === 0 ? [] : [`${file}: key "${key}" holds ${count} NaN or infinite elements`];
  });
}

/** Says where the variance of a layer left the range of its precision, which makes y = 0 and hides everything. */
export function overflowWarning(
  { norm, layout }: OpenedLayer,
  sigma: ArrayLike<number>,
  precision: "float32" | "float64",
): string | null {
  // NaN comes from the input or the weights, and is reported there.
  const count = Array.from(sigma).filter((value) => value === Number.POSITIVE_INFINITY).length;
  if (count === 0) return null;
  const groups = layout.groupOuter * layout.groupInner;
  const remedy = precision === "float32" ? "scale the input or use --precision float64" : "scale the input";
  return `${norm.name}: the variance of ${count} of ${groups} groups is not finite in ${precision}, what is reported there means nothing: ${remedy}`;
}

/** Says which layers have groups that do not vary on this batch, such as channels of a dead filter. */
export function constantWarning({ name, shares, groupedBy }: LayerMeasurement): string | null {
  const { constantGroups, energy } = shares;
  if (constantGroups === 0) return null;
  return `${name}: ${constantGroups} of ${energy.length} ${groupedBy}s do not vary on this batch (variance 0); their diagonal part counts as 0`;
}

function countNonFinite(values: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
  return count;
}
