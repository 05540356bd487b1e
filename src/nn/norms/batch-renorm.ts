import { add, div, max, min, mul, sqrt, stopGradient, sub, type Traced } from "../../engine/lang/index.js";
import { batchNormLayout } from "../../theory/index.js";
import { channelAffine } from "./affine.js";
import { batchAxes, moments, perChannel, standardizeBy } from "./moments.js";
import type { Norm, RunningOptions } from "./norm.js";
import { blend, MOMENTUM } from "./running.js";

export interface BatchRenormOptions extends RunningOptions {
  /** Limits of the correction: 1/rMax ≤ r ≤ rMax, |d| ≤ dMax. Defaults 3 and 5, where the paper ends up. */
  readonly rMax?: number;
  readonly dMax?: number;
}

/**
 * Batch renormalization: y = r·(x − μ_B)/σ_B + d with r = σ_B/σ and d = (μ_B − μ)/σ from the running μ and σ, clipped
 * and held constant in the backward pass. So what it outputs is nearly that of evaluation, but its backward
 * pass blocks 1 and y as batch norm's does. Source: Ioffe 2017, algorithm 1 (ε inside both σ there: 10⁻³ in the paper's experiments).
 */
export function batchRenorm({
  epsilon = 1e-3,
  momentum = MOMENTUM,
  rMax = 3,
  dMax = 5,
}: BatchRenormOptions = {}): Norm {
  const clip = (x: Traced, low: number, high: number) => min(max(x, low), high);
  return {
    title: "batch renorm",
    normalizes: "features",
    epsilon,
    corrected: true,
    state: ([, channels]) => [
      { name: "running_mean", shape: [channels], initial: 0, trainable: false },
      { name: "running_std", shape: [channels], initial: 1, trainable: false },
    ],
    standardize: (x, [runningMean, runningSigma]) => {
      const batch = moments(x, batchAxes(x));
      const sigma = perChannel(runningSigma, x);
      const r = clip(div(sqrt(add(batch.variance, epsilon)), sigma), 1 / rMax, rMax);
      const d = clip(div(sub(batch.mean, perChannel(runningMean, x)), sigma), -dMax, dMax);
      return add(mul(standardizeBy(x, batch, epsilon), stopGradient(r)), stopGradient(d));
    },
    evaluate: (x, [runningMean, runningSigma]) =>
      div(sub(x, perChannel(runningMean, x)), perChannel(runningSigma, x)),
    update: (x, [runningMean, runningSigma]) => {
      const batch = moments(x, batchAxes(x));
      return [
        blend(runningMean, batch.mean, momentum),
        blend(runningSigma, sqrt(add(batch.variance, epsilon)), momentum),
      ];
    },
    ...channelAffine,
    blocks: (shape) => ({ layout: batchNormLayout(shape), ones: true, y: true }),
  };
}
