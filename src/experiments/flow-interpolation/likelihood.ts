import { meanOf } from "../../base/statistics.js";
import { sizeOf } from "../../base/tensor.js";
import { Random } from "../../datasets/index.js";
import { bitsPerDimension, type RealNvp } from "../../nn/index.js";
import { compileKept } from "../compile-kept.js";
import { smallerShare } from "../statistics.js";
import { splitState } from "../training/learner.js";
import type { TrainingState } from "../training/procedure.js";
import { blended, dequantized } from "./images.js";
import type { Pairs } from "./pairs.js";
import { ALPHAS, type Course } from "./summary.js";

/** Seed of the noise that dequantizes blends. */
const DEQUANTIZATION = 900_001;

/**
 * Bits/dim of blends of the pairs, for every α.
 *
 * @param flow its likelihood is evaluated.
 * @param state the trained state of the flow.
 * @param pairs the images to blend.
 * @param chunk how many blends of one α are evaluated at a time.
 * @returns the bits with running statistics, and the bits with the statistics of each chunk.
 */
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
  const running: number[][] = [];
  const batch: number[][] = [];
  for (const alpha of ALPHAS) {
    // Every α and every run gets the same noise, so that only the blend differs.
    const random = new Random(DEQUANTIZATION);
    const all = dequantized(blended(first, second, alpha), shape, random).data as Float32Array;
    const atAlpha: [running: number[], batch: number[]] = [[], []];
    for (let start = 0; start < count; start += chunk) {
      const data = all.subarray(start * dimensions, (start + chunk) * dimensions);
      const results = await program.run([...own, { ...images, data }]);
      for (const i of [0, 1] as const)
        atAlpha[i].push(
          ...Array.from(results[i].data, (logLikelihood) => bitsPerDimension(logLikelihood, dimensions)),
        );
    }
    running.push(atAlpha[0]);
    batch.push(atAlpha[1]);
  }
  return { running: courseOf(running), batch: courseOf(batch) };
}

/** Mean bits and sorting of each α, from the bits of every blend at each α. */
function courseOf(bits: readonly (readonly number[])[]): Course {
  const real = [...bits[0], ...bits.at(-1)!];
  return {
    bits: bits.map(meanOf),
    sorted: bits.map((values) => smallerShare(real, values)),
  };
}
