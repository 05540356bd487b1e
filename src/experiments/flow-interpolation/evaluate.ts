import { sizeOf, type Tensor } from "../../base/tensor.js";
import { Random, type Split } from "../../datasets/index.js";
import { bitsPerDimension, type RealNvp } from "../../nn/index.js";
import { compileKept } from "../compile-kept.js";
import { splitState } from "../training/learner.js";
import type { TrainingState } from "../training/procedure.js";
import { blended, dequantized, gridPng, levelsOf, ofClasses } from "./images.js";
import { ALPHAS, type Course } from "./summary.js";

export type Shape = readonly [channels: number, height: number, width: number];

/** Held-out images of two classes, side by side: the i-th of one goes with the i-th of the other. */
export interface Pairs {
  readonly shape: Shape;
  readonly count: number;
  readonly first: Uint8Array;
  readonly second: Uint8Array;
}

/** The first `count` pairs. */
export function pairsOf(test: Split, [a, b]: readonly [number, number], shape: Shape, count: number): Pairs {
  const indices = Array.from({ length: count }, (_, i) => i);
  const levels = (label: number) => levelsOf(ofClasses(test, [label]), indices);
  return { shape, count, first: levels(a), second: levels(b) };
}

/** Grids of samples are so large. */
const [ROWS, COLUMNS] = [4, 8];

/** Seeds of noise that is the same for all runs. */
const [DEQUANTIZATION, LATENTS] = [900_001, 900_002];

/** Bits/dim of blends of the pairs, `chunk` of one α at a time, with running statistics and with those of the chunk. */
export async function interpolate(
  { likelihood }: RealNvp,
  state: TrainingState,
  { shape, count, first, second }: Pairs,
  chunk: number,
): Promise<{ running: Course; batch: Course }> {
  const dimensions = sizeOf(shape);
  const { parameters, buffers } = splitState(likelihood, state);
  const own = [...parameters, ...buffers];
  const images = { shape: [chunk, ...shape], dtype: "float32" } as const;
  await using program = await compileKept(
    (...args) => {
      const traced = splitState(likelihood, args.slice(0, -1));
      const x = args.at(-1)!;
      return [
        likelihood.evaluate(traced.parameters, traced.buffers, x),
        likelihood.train(traced.parameters, traced.buffers, x).output,
      ];
    },
    [...own, images],
  );
  const bits: [number[][], number[][]] = [[], []];
  for (const alpha of ALPHAS) {
    // The same noise for every α and every run: only the blend differs.
    const random = new Random(DEQUANTIZATION);
    const all = dequantized(blended(first, second, alpha), shape, random).data as Float32Array;
    const here: [number[], number[]] = [[], []];
    for (let start = 0; start < count; start += chunk) {
      const data = all.subarray(start * dimensions, (start + chunk) * dimensions);
      const results = await program.run([...own, { ...images, data }]);
      for (const i of [0, 1] as const)
        here[i].push(
          ...Array.from(results[i].data, (logLikelihood) => bitsPerDimension(logLikelihood, dimensions)),
        );
    }
    for (const i of [0, 1] as const) bits[i].push(here[i]);
  }
  return { running: courseOf(bits[0]), batch: courseOf(bits[1]) };
}

function courseOf(bits: readonly (readonly number[])[]): Course {
  const real = [...bits[0], ...bits.at(-1)!];
  return {
    bits: bits.map((values) => values.reduce((a, b) => a + b, 0) / values.length),
    sorted: bits.map((values) => smallerShare(real, values)),
  };
}

/** Share of the pairs (a, b) with a < b, ties counting half: Mann and Whitney's U over its maximum. */
export function smallerShare(as: readonly number[], bs: readonly number[]): number {
  let total = 0;
  for (const a of as) for (const b of bs) total += a < b ? 1 : a === b ? 0.5 : 0;
  return total / (as.length * bs.length);
}

/** Images that the flow draws from the same latents for every run: a PNG in base64. */
export async function samples({ images }: RealNvp, state: TrainingState, shape: Shape): Promise<string> {
  const { parameters, buffers } = splitState(images, state);
  const own = [...parameters, ...buffers];
  const random = new Random(LATENTS);
  const size = sizeOf(shape);
  const latents: Tensor = {
    dtype: "float32",
    shape: [ROWS * COLUMNS, size],
    data: Float32Array.from({ length: ROWS * COLUMNS * size }, () => random.normal()),
  };
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

/** Pixels u in 0…1 as the grey level within which they lie; what is beyond stands at the end. */
const toLevels = (pixels: ArrayLike<number>): Uint8Array =>
  Uint8Array.from(pixels, (u) => Math.max(0, Math.min(255, Math.floor(256 * u))));

/** Blends of the first pairs, a row for each: a PNG in base64. */
export function blendsPng({ shape: [, height, width], first, second }: Pairs, rows: number): string {
  const size = height * width;
  const strips = ALPHAS.map((alpha) => blended(first.subarray(0, rows * size), second, alpha));
  const levels = new Uint8Array(rows * ALPHAS.length * size);
  for (let row = 0; row < rows; row++)
    for (const [i, strip] of strips.entries())
      levels.set(strip.subarray(row * size, (row + 1) * size), (row * ALPHAS.length + i) * size);
  return gridPng(levels, [height, width], ALPHAS.length);
}
