import { reshape, type Traced, transpose } from "../engine/lang/index.js";

/**
 * x [N, C, …] as [runs, run, C]: a row for each element of a channel, in runs of equal length. The engine stores images
 * this way, positions first and channels last, so that nothing moves.
 */
export function channelRows(x: Traced, run: number): Traced {
  const positions = x.shape.slice(2).map((_, i) => i + 2);
  const channels = x.shape[1];
  return reshape(transpose(x, [...positions, 0, 1]), [x.size / (run * channels), run, channels]);
}

/** The longest run of at most this many elements that a channel of n elements divides into. */
export function runLength(n: number, atMost: number): number {
  let run = Math.min(n, atMost);
  while (n % run !== 0) run--;
  return run;
}
