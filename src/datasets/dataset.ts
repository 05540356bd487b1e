/** Labelled images for classification, in two splits. Pixels are bytes. */
export interface Dataset {
  /** Name of the data set. */
  readonly name: DatasetName;
  /** Names of the classes; a label is an index into them. */
  readonly classes: readonly string[];
  /** Shape of one image: [C, H, W]. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /** Images to train on. */
  readonly train: Split;
  /** Images to evaluate on. */
  readonly test: Split;
}

/** A part of a data set. */
export interface Split {
  /** Pixels of all images, [N, C, H, W] in C order, 0 to 255. */
  readonly images: Uint8Array;
  /** Labels of all images, [N]. */
  readonly labels: Uint8Array;
}

/** Names of all data sets. */
export const datasetNames = ["glyphs", "mnist", "fashion-mnist", "cifar10"] as const;
/** Name of a data set. */
export type DatasetName = (typeof datasetNames)[number];

/**
 * Takes the first images of a split, without a copy.
 *
 * @param split - The images and labels.
 * @param count - Number of images; all, if the split has fewer.
 * @returns The first images and their labels.
 *
 * @example
 * ```ts
 * import { firstOf, loadDataset } from "blindspot/datasets";
 *
 * const { train } = await loadDataset("glyphs");
 * console.log(firstOf(train, 100).labels.length); // 100
 * ```
 */
export function firstOf({ images, labels }: Split, count: number): Split {
  const kept = Math.min(count, labels.length);
  return {
    images: images.subarray(0, (images.length / labels.length) * kept),
    labels: labels.subarray(0, kept),
  };
}
