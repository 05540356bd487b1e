import { sizeOf } from "../../base/tensor.js";
import { Random } from "../../datasets/index.js";
import type { RealNvp } from "../../nn/index.js";
import { compileKept } from "../compile-kept.js";
import { normalTensor } from "../normal-tensor.js";
import { splitState } from "../training/learner.js";
import type { TrainingState } from "../training/procedure.js";
import { blended, gridPng } from "./images.js";
import type { Pairs, Shape } from "./pairs.js";
import { ALPHAS } from "./summary.js";

/** Seed of the latents that samples are made of. */
const LATENTS = 900_002;

/** Rows and columns of a grid of samples. */
const [ROWS, COLUMNS] = [4, 8];

/**
 * Images that the flow makes of seeded latents, in a grid: a PNG in base64. Every run gets the same
 * latents.
 */
export async function samples({ images }: RealNvp, state: TrainingState, shape: Shape): Promise<string> {
  const { parameters, buffers } = splitState(images, state);
  const own = [...parameters, ...buffers];
  const latents = normalTensor(new Random(LATENTS), [ROWS * COLUMNS, sizeOf(shape)]);
  await using program = await compileKept(
    (...args) => {
      const traced = splitState(images, args.slice(0, -1));
      return [images.evaluate(traced.parameters, traced.buffers, args.at(-1)!)];
    },
    [...own, latents],
  );
  const [drawn] = await program.run([...own, latents]);
  return gridPng(toLevels(drawn.data), [shape[1], shape[2]], COLUMNS);
}

/** The grey levels 0 … 255 of pixels 0…1. Pixels outside 0…1 become the nearest level. */
const toLevels = (pixels: ArrayLike<number>): Uint8Array =>
  Uint8Array.from(pixels, (u) => Math.max(0, Math.min(255, Math.floor(256 * u))));

/**
 * Blends of the first pairs in a grid, one row for each pair and one column for each α: a PNG in
 * base64.
 */
export function blendsPng({ shape: [, height, width], first, second }: Pairs, rows: number): string {
  const size = height * width;
  const strips = ALPHAS.map((alpha) => blended(first.subarray(0, rows * size), second, alpha));
  const levels = new Uint8Array(rows * ALPHAS.length * size);
  for (let row = 0; row < rows; row++)
    for (const [i, strip] of strips.entries())
      levels.set(strip.subarray(row * size, (row + 1) * size), (row * ALPHAS.length + i) * size);
  return gridPng(levels, [height, width], ALPHAS.length);
}
