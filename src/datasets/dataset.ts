/** Labelled images for classification, in two parts. Pixels stay bytes until a batch is made of them. */
export interface Dataset {
  readonly name: DatasetName;
  /** Names of the classes; a label is an index into them. */
  readonly classes: readonly string[];
  /** Shape of one image: [C, H, W]. */
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly train: Split;
  readonly test: Split;
}

/** The i-th image is `images[i·CHW … (i+1)·CHW)`, channel by channel in rows, 0 to 255. */
export interface Split {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

export const datasetNames = ["glyphs", "mnist", "fashion-mnist", "cifar10"] as const;
export type DatasetName = (typeof datasetNames)[number];

/** The first `count` images of a part, or all where it has fewer. */
export function firstOf({ images, labels }: Split, count: number): Split {
  const kept = Math.min(count, labels.length);
  return {
    images: images.subarray(0, (images.length / labels.length) * kept),
    labels: labels.subarray(0, kept),
  };
}
