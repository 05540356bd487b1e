import type { Random } from "../base/random.js";
import { sizeOf, type Tensor } from "../base/tensor.js";
import type { Split } from "./dataset.js";

/**
 * Every way to form batches. `shuffled`: images in random order. `label`: one class per batch, the
 * single-class batches of Zhou et al. 2024 (arXiv 2205.15146).
 */
export const batchings = ["shuffled", "label"] as const;
/** A way to form batches. */
export type Batching = (typeof batchings)[number];

/** Settings of the batches of one epoch. */
export interface EpochOptions {
  /** Images per batch. */
  readonly size: number;
  /** How batches are formed. */
  readonly batching: Batching;
  /** The seeded generator; equal states give equal batches. */
  readonly random: Random;
}

/**
 * Draws the batches of one epoch. Each batch has exactly `size` images. Each epoch leaves out
 * other images: at most size − 1, or with `label` at most size − 1 of each class.
 *
 * @param labels - Labels of all images.
 * @param options - Size and kind of the batches, and the generator.
 * @returns Each batch as indices into `labels`.
 *
 * @example
 * ```ts
 * import { epochBatches, Random } from "blindspot/datasets";
 *
 * const labels = Uint8Array.of(0, 1, 0, 1);
 * const batches = epochBatches(labels, { size: 2, batching: "label", random: new Random(0) });
 * console.log(batches.map((batch) => batch.map((i) => labels[i]))); // one class per batch
 * ```
 */
export function epochBatches(labels: Uint8Array, { size, batching, random }: EpochOptions): number[][] {
  const all = Array.from(labels.keys());
  if (batching === "shuffled") return slices(random.shuffle(all), size);
  const classes = [...new Set(labels)].sort((a, b) => a - b);
  const ofClass = (label: number) => random.shuffle(all.filter((i) => labels[i] === label));
  return random.shuffle(classes.flatMap((label) => slices(ofClass(label), size)));
}

/** Splits a list into slices of `size`; drops the rest. */
const slices = (items: readonly number[], size: number): number[][] =>
  Array.from({ length: Math.floor(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** The images and labels of one step. */
export interface Batch {
  /** Images, [N, C, H, W], with pixels in 0…1. */
  readonly images: Tensor & { readonly data: Float32Array };
  /** Labels, [N]. */
  readonly labels: Tensor & { readonly data: Int32Array };
}

/**
 * Makes a batch of images by their indices. Divides pixels by 255.
 *
 * @param split - The images and labels.
 * @param shape - Shape of one image, [C, H, W].
 * @param indices - Indices of the images.
 * @returns The batch, in the order of `indices`.
 *
 * @example
 * ```ts
 * import { batchOf, loadDataset } from "blindspot/datasets";
 *
 * const { train, shape } = await loadDataset("glyphs");
 * const { images } = batchOf(train, shape, [0, 1, 2]);
 * console.log(images.shape); // [3, 1, 16, 16]
 * ```
 */
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
