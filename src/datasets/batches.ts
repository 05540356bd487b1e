import type { Random } from "../base/random.js";
import { sizeOf, type Tensor } from "../base/tensor.js";
import type { Split } from "./dataset.js";

/** `shuffled`: images in random order. `label`: every batch holds one class, the paper's single-class batches. */
export const batchings = ["shuffled", "label"] as const;
export type Batching = (typeof batchings)[number];

/**
 * The batches of one epoch, as indices into the labels, each of exactly `size`. What is left over does not
 * take part: with `label` up to size − 1 images of each class, others in each epoch.
 */
export function epochBatches(
  labels: Uint8Array,
  { size, batching, random }: { size: number; batching: Batching; random: Random },
): number[][] {
  const all = Array.from(labels.keys());
  if (batching === "shuffled") return cut(random.shuffle(all), size);
  const classes = [...new Set(labels)].sort((a, b) => a - b);
  const ofClass = (label: number) => random.shuffle(all.filter((i) => labels[i] === label));
  return random.shuffle(classes.flatMap((label) => cut(ofClass(label), size)));
}

const cut = (items: readonly number[], size: number): number[][] =>
  Array.from({ length: Math.floor(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** Images [N, C, H, W] with values in 0…1 and labels [N]. */
export interface Batch {
  readonly images: Tensor & { readonly data: Float32Array };
  readonly labels: Tensor & { readonly data: Int32Array };
}

/** The images of these indices, with pixels divided by 255. */
export function batchOf(split: Split, shape: readonly number[], indices: readonly number[]): Batch {
  const size = sizeOf(shape);
  const images = new Float32Array(indices.length * size);
  const labels = new Int32Array(indices.length);
  indices.forEach((index, i) => {
    labels[i] = split.labels[index];
    for (let p = 0; p < size; p++) images[i * size + p] = split.images[index * size + p] / 255;
  });
  return {
    images: { dtype: "float32", shape: [indices.length, ...shape], data: images },
    labels: { dtype: "int32", shape: [indices.length], data: labels },
  };
}
