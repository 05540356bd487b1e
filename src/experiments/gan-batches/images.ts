import type { Tensor } from "../../base/tensor.js";
import { batchOf, type Dataset, type Split } from "../../datasets/index.js";
import { mul, sub, type Traced } from "../../engine/lang/index.js";

/**
 * Puts the images of a data set into a frame of zeros, so that width and height become multiples of
 * `multiple`. Example: 28×28 becomes 32×32 for multiples of 8.
 */
export function framed(dataset: Dataset, multiple: number): Dataset {
  const [channels, height, width] = dataset.shape;
  const up = (side: number) => Math.ceil(side / multiple) * multiple;
  const [high, wide] = [up(height), up(width)];
  if (high === height && wide === width) return dataset;
  const [top, left] = [(high - height) >> 1, (wide - width) >> 1];
  const frame = ({ images, labels }: Split): Split => {
    const rows = labels.length * channels * height;
    const larger = new Uint8Array(labels.length * channels * high * wide);
    for (let row = 0; row < rows; row++) {
      const at = (Math.floor(row / height) * high + top + (row % height)) * wide + left;
      larger.set(images.subarray(row * width, (row + 1) * width), at);
    }
    return { images: larger, labels };
  };
  return {
    ...dataset,
    shape: [channels, high, wide],
    train: frame(dataset.train),
    test: frame(dataset.test),
  };
}

/** Maps pixels from 0…1 to −1…1, the range of tanh, inside a compiled function. */
export const centredPixels = (images: Traced): Traced => sub(mul(images, 2), 1);

/** The images of these indices, with pixels from −1 to 1. */
export function centredBatch(split: Split, shape: readonly number[], indices: readonly number[]): Tensor {
  const { images } = batchOf(split, shape, indices);
  return { ...images, data: images.data.map((pixel) => 2 * pixel - 1) };
}
