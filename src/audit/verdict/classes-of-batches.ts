import type { Tensor } from "../../base/tensor.js";
import { ignoredLabel } from "../../onnx/index.js";
import type { SampleBatches } from "../batches/cut-samples.js";

/** How many classes the batches hold. */
export interface ClassesOfBatches {
  /** Classes of all samples. */
  readonly all: number;
  /** Most classes in one batch, and the mean over batches. */
  readonly most: number;
  readonly mean: number;
}

/** Counts the classes of batches; null where there is no class number for each sample. */
export function classesOf(batches: SampleBatches, label: Tensor | undefined): ClassesOfBatches | null {
  if (label === undefined || label.dtype === "float32" || label.dtype === "float64") return null;
  const samples = label.shape[0];
  if (label.data.length !== samples) return null;
  const all = new Set<number>();
  const counts = batches.map((batch) => {
    const classes = new Set<number>();
    for (const sample of batch) {
      const value = label.data[sample];
      if (value === ignoredLabel) continue;
      classes.add(value);
      all.add(value);
    }
    return classes.size;
  });
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return { all: all.size, most: Math.max(...counts), mean };
}
