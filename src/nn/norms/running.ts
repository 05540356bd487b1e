import { add, mul, reshape, type Traced } from "../../engine/lang/index.js";
import { type Moments, perChannel, standardizeBy, unbiased } from "./moments.js";
import type { DeclaredTensor } from "./norm.js";

/** Default ε of batch norm in PyTorch. */
export const EPSILON = 1e-5;
/** Default weight of the newest batch in running statistics, as in PyTorch. */
export const MOMENTUM = 0.1;

/** Running mean and variance per channel, named as in PyTorch. */
export const runningStatistics = ([, channels]: readonly number[]): DeclaredTensor[] => [
  { name: "running_mean", shape: [channels], initial: 0, trainable: false },
  { name: "running_var", shape: [channels], initial: 1, trainable: false },
];

/**
 * Running mean and variance after a batch: (1 − momentum)·running + momentum·batch. The variance of
 * the batch, of `elements` elements per channel, enters in its unbiased form, as in PyTorch.
 */
export function updateRunning(
  [mean, variance]: readonly Traced[],
  batch: Moments,
  elements: number,
  momentum: number,
): Traced[] {
  return [blend(mean, batch.mean, momentum), blend(variance, unbiased(batch.variance, elements), momentum)];
}

/** (1 − momentum)·running + momentum·newest, in the shape of `running`. */
export const blend = (running: Traced, newest: Traced, momentum: number): Traced =>
  add(mul(running, 1 - momentum), mul(reshape(newest, running.shape), momentum));

/** Standardizes x by a running mean and variance per channel. */
export const standardizeByRunning = (
  x: Traced,
  [mean, variance]: readonly Traced[],
  epsilon: number,
): Traced => standardizeBy(x, { mean: perChannel(mean, x), variance: perChannel(variance, x) }, epsilon);
