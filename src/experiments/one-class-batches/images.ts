import type { Tensor } from "../../base/tensor.js";
import { batchOf, type Dataset, Random, type Split } from "../../datasets/index.js";
import { constant, div, sub, type Traced } from "../../engine/lang/index.js";

/**
 * How training images vary. `flip-crop`: an image is mirrored at random, put into a frame of zeros,
 * and cut out at a random place.
 */
export const augmentations = ["none", "flip-crop"] as const;
export type Augmentation = (typeof augmentations)[number];

/** Width of the frame of zeros, in pixels. */
const FRAME = 4;

/** Makes training batches: pixels 0…1, augmented, then standardized by channel. */
export class TrainingImages {
  private readonly mean: readonly number[];
  private readonly deviation: readonly number[];

  constructor(
    private readonly split: Split,
    private readonly shape: Dataset["shape"],
    private readonly options: { readonly augment: Augmentation; readonly standardize: boolean },
  ) {
    const { mean, deviation } = channelMoments(split, shape);
    this.mean = options.standardize ? mean : mean.map(() => 0);
    this.deviation = options.standardize ? deviation : deviation.map(() => 1);
  }

  /** Images and labels of a batch. The seed determines the augmentation. */
  batch(indices: readonly number[], seed: number): [Tensor, Tensor] {
    const { images, labels } = batchOf(this.split, this.shape, indices);
    const data = this.options.augment === "none" ? images.data : this.augmented(images.data, seed);
    const plane = this.shape[1] * this.shape[2];
    for (let e = 0; e < data.length; e++) {
      const c = Math.floor(e / plane) % this.shape[0];
      data[e] = (data[e] - this.mean[c]) / this.deviation[c];
    }
    return [{ ...images, data }, labels];
  }

  /** Standardizes pixels 0…1 inside a compiled function. Test images are not augmented. */
  prepare(x: Traced): Traced {
    if (!this.options.standardize) return x;
    const along = (values: readonly number[]) =>
      constant(Float32Array.from(values), [values.length, 1, 1], "float32");
    return div(sub(x, along(this.mean)), along(this.deviation));
  }

  private augmented(data: Float32Array, seed: number): Float32Array {
    const [channels, height, width] = this.shape as [number, number, number];
    const random = new Random(seed);
    const result = new Float32Array(data.length);
    for (let start = 0; start < data.length; start += channels * height * width) {
      const mirrored = random.below(2) === 1;
      const [down, right] = [random.below(2 * FRAME + 1) - FRAME, random.below(2 * FRAME + 1) - FRAME];
      for (let c = 0; c < channels; c++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const [fromY, shifted] = [y + down, x + right];
            if (fromY < 0 || fromY >= height || shifted < 0 || shifted >= width) continue;
            const fromX = mirrored ? width - 1 - shifted : shifted;
            result[start + (c * height + y) * width + x] = data[start + (c * height + fromY) * width + fromX];
          }
    }
    return result;
  }
}

/** Mean and standard deviation of each channel, with pixels 0…1. */
function channelMoments({ images }: Split, shape: readonly number[]) {
  const [channels, height, width] = shape as [number, number, number];
  const plane = height * width;
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let e = 0; e < images.length; e++) {
    const c = Math.floor(e / plane) % channels;
    sums[c] += images[e] / 255;
    squares[c] += (images[e] / 255) ** 2;
  }
  const count = images.length / channels;
  const mean = Array.from(sums, (sum) => sum / count);
  return { mean, deviation: mean.map((m, c) => Math.sqrt(squares[c] / count - m * m)) };
}
