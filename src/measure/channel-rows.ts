import { reshape, type Traced, transpose } from "../engine/lang/index.js";

/**
 * x [N, C, …] as [runs, run, C]: the elements of each channel in a column, cut into runs of equal
 * length. The engine stores images with positions first and channels last, so no data moves.
 */
export function channelRows(x: Traced, run: number): Traced {
  const positions = x.shape.slice(2).map((_, i) => i + 2);
  const channels = x.shape[1];
  return reshape(transpose(x, [...positions, 0, 1]), [x.size / (run * channels), run, channels]);
}

/** The largest divisor of n that is at most `atMost`. */
export function runLength(n: number, atMost: number): number {
  let run = Math.min(n, atMost);
  while (n % run !== 0) run--;
  return run;
}
