import { type Dataset, Random, type Split } from "../../datasets/index.js";
import { type Arranged, attributes, type Domain } from "./compositions.js";

/** Width and height of all images of the calibration. */
export const SIDE = 16;

/** Images as numbers, with what compositions arrange them by. */
export interface Images extends Arranged {
  readonly count: number;
  readonly channels: number;
  /** [N, C, 16, 16], pixels 0…1. */
  readonly pixels: Float32Array;
}

/**
 * The first images of a split as 16×16 images. 28×28 images get a frame of two zeros, then each
 * square of 2×2 pixels becomes its mean. Every second image gets the look of `domain`.
 */
export function imagesOf(split: Split, shape: Dataset["shape"], count: number, domain: Domain): Images {
  const kept = Math.min(count, split.labels.length);
  const pixels = shrunk(split.images, shape, kept);
  const domainOf = Uint8Array.from({ length: kept }, (_, i) => (domain === "none" ? 0 : i % 2));
  changeSecondHalf(pixels, pixels.length / kept, [...domainOf.keys()], domain);
  return withAttributes({
    pixels,
    channels: shape[0],
    classes: split.labels.slice(0, kept),
    domains: domainOf,
  });
}

/** Images with the numbers that batches may be sorted by. */
export function withAttributes(images: Pick<Images, "pixels" | "channels" | "classes" | "domains">): Images {
  const count = images.classes.length;
  const lists = Object.fromEntries(attributes.map((name) => [name, new Float32Array(count)]));
  const size = images.pixels.length / count;
  for (let i = 0; i < count; i++) {
    let [mass, across, down] = [1e-6, 0, 0];
    for (let p = 0; p < size; p++) {
      const value = images.pixels[i * size + p];
      mass += value;
      across += value * (p % SIDE);
      down += value * (Math.floor(p / SIDE) % SIDE);
    }
    lists.brightness[i] = mass / size;
    lists.across[i] = across / mass;
    lists.down[i] = down / mass;
  }
  return { ...images, count, attributes: lists as Images["attributes"] };
}

/** The first images with pixels 0…1, framed to a multiple of 16 and averaged down to 16×16. */
function shrunk(bytes: Uint8Array, [channels, height, width]: Dataset["shape"], count: number): Float32Array {
  const factor = Math.ceil(height / SIDE);
  const frame = (factor * SIDE - height) >> 1;
  const result = new Float32Array(count * channels * SIDE * SIDE);
  for (let plane = 0; plane < count * channels; plane++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const to =
          plane * SIDE * SIDE + Math.floor((y + frame) / factor) * SIDE + Math.floor((x + frame) / factor);
        result[to] += bytes[(plane * height + y) * width + x] / (255 * factor * factor);
      }
  return result;
}

/**
 * Gives the look of a domain to those of the images `chosen` that have an odd position, in place.
 */
export function changeSecondHalf(
  pixels: Float32Array,
  size: number,
  chosen: readonly number[],
  domain: Domain,
): void {
  if (domain === "none") return;
  const random = new Random(7);
  for (const i of chosen) if (i % 2 === 1) change(pixels.subarray(i * size, (i + 1) * size), domain, random);
}

/** Gives an image [C, 16, 16] the look of a domain, in place. */
function change(image: Float32Array, domain: Domain, random: Random): void {
  const before = Float32Array.from(image);
  for (let p = 0; p < image.length; p++) {
    const [plane, y, x] = [p - (p % (SIDE * SIDE)), Math.floor(p / SIDE) % SIDE, p % SIDE];
    if (domain === "negative") image[p] = 1 - before[p];
    if (domain === "turned") image[p] = before[plane + x * SIDE + (SIDE - 1 - y)];
    if (domain === "dimmed") image[p] = 0.4 * before[p];
    if (domain === "faded") image[p] = 0.85 * before[p];
    if (domain === "shifted") image[p] = x === 0 ? 0 : before[p - 1];
    if (domain === "noisy") image[p] = Math.min(1, Math.max(0, before[p] + 0.05 * random.normal()));
  }
}
