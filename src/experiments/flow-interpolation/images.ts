import { encode } from "fast-png";
import { sizeOf, type Tensor } from "../../base/tensor.js";
import type { Random, Split } from "../../datasets/index.js";

/** The images of these classes, in their order. */
export function ofClasses({ images, labels }: Split, classes: readonly number[]): Split {
  const size = images.length / labels.length;
  const chosen = [...labels.keys()].filter((i) => classes.includes(labels[i]));
  const kept = new Uint8Array(chosen.length * size);
  for (const [k, i] of chosen.entries()) kept.set(images.subarray(i * size, (i + 1) * size), k * size);
  return { images: kept, labels: Uint8Array.from(chosen, (i) => labels[i]) };
}

/**
 * Turns grey levels 0 … 255 into pixels (level + noise)/256, with noise uniform in 0…1. Pixels then
 * have a density, and its bits/dim bound those of the 8-bit image. Source: Theis, van den Oord and
 * Bethge 2016 (arXiv 1511.01844), uniform noise on pixels.
 */
export function dequantized(levels: Uint8Array, shape: readonly number[], random: Random): Tensor {
  const data = Float32Array.from(levels, (level) => (level + random.uniform()) / 256);
  return { dtype: "float32", shape: [levels.length / sizeOf(shape), ...shape], data };
}

/** The grey levels of the images of these indices, image by image. */
export function levelsOf({ images, labels }: Split, indices: readonly number[]): Uint8Array {
  const size = images.length / labels.length;
  const levels = new Uint8Array(indices.length * size);
  for (const [k, i] of indices.entries()) levels.set(images.subarray(i * size, (i + 1) * size), k * size);
  return levels;
}

/** (1 − α)·a + α·b, rounded to whole grey levels. */
export const blended = (a: Uint8Array, b: Uint8Array, alpha: number): Uint8Array =>
  a.map((level, i) => Math.round((1 - alpha) * level + alpha * b[i]));

/** Pixels between two images of a grid. */
const GAP = 2;

/** Draws grey images of one size in a grid, row by row, as a PNG in base64. */
export function gridPng(
  levels: Uint8Array,
  [height, width]: readonly [number, number],
  columns: number,
): string {
  const count = levels.length / (height * width);
  const rows = count / columns;
  const whole = { width: columns * (width + GAP) - GAP, height: rows * (height + GAP) - GAP };
  const data = new Uint8Array(whole.width * whole.height).fill(128);
  for (let i = 0; i < count; i++) {
    const left = (i % columns) * (width + GAP);
    const top = Math.floor(i / columns) * (height + GAP);
    for (let y = 0; y < height; y++)
      data.set(
        levels.subarray((i * height + y) * width, (i * height + y + 1) * width),
        (top + y) * whole.width + left,
      );
  }
  return Buffer.from(encode({ ...whole, data, depth: 8, channels: 1 })).toString("base64");
}
