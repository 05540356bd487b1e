import { add, mul, reshape, type Traced } from "../../engine/lang/index.js";
import { type Moments, perChannel, standardizeBy, unbiased } from "./moments.js";
import type { Declared } from "./norm.js";

/** PyTorch's defaults for batch norm. */
export const EPSILON = 1e-5;
export const MOMENTUM = 0.1;

/** Running mean and variance per channel, as PyTorch keeps them. */
export const runningStatistics = ([, channels]: readonly number[]): Declared[] => [
  { name: "running_mean", shape: [channels], initial: 0, trainable: false },
  { name: "running_var", shape: [channels], initial: 1, trainable: false },
];

/** (1 − momentum)·running + momentum·batch; the batch's variance enters in its unbiased form. */
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

/** y from running statistics, which are constants. */
export const standardizeByRunning = (
  x: Traced,
  [mean, variance]: readonly Traced[],
  epsilon: number,
): Traced => standardizeBy(x, { mean: perChannel(mean, x), variance: perChannel(variance, x) }, epsilon);
