import { type BatchFile, ignoredLabel } from "../../onnx/index.js";

/** How many samples have each label, where the batch has labels. Ignored labels do not count. */
export function labelCounts(
  { tensors }: BatchFile,
  key = "label",
): { readonly labelCounts?: Record<string, number> } {
  const label = tensors.get(key);
  if (label === undefined || label.dtype === "float32" || label.dtype === "float64") return {};
  const labelCounts: Record<string, number> = {};
  for (const value of label.data)
    if (value !== ignoredLabel) labelCounts[value] = (labelCounts[value] ?? 0) + 1;
  return { labelCounts };
}
