import { add, div, max, min, mul, sqrt, stopGradient, sub, type Traced } from "../../engine/lang/index.js";
import { batchNormLayout } from "../../theory/index.js";
import { channelAffine } from "./affine.js";
import { batchAxes, moments, perChannel, standardizeBy } from "./moments.js";
import type { Norm, RunningOptions } from "./norm.js";
import { blend, MOMENTUM } from "./running.js";

/** Settings of batch renormalization. */
export interface BatchRenormOptions extends RunningOptions {
  /** Limit of the scale r: 1/rMax ≤ r ≤ rMax. Default 3, the paper's last value. */
  readonly rMax?: number;
  /** Limit of the shift d: |d| ≤ dMax. Default 5, the paper's last value. */
  readonly dMax?: number;
}

/**
 * Batch renormalization. With batch statistics μ_B, σ_B and running statistics μ, σ:
 *
 *     y = r·(x − μ_B)/σ_B + d
 *     r = clip(σ_B/σ, 1/rMax, rMax)
 *     d = clip((μ_B − μ)/σ, −dMax, dMax)
 *
 * The backward pass treats r and d as constants, so it blocks 1 and y as batch norm does. The
 * output is near that of evaluation. Both σ contain ε, 10⁻³ in the paper's experiments.
 * Source: Ioffe 2017 (arXiv 1702.03275), algorithm 1.
 *
 * @param options - ε, momentum and the limits of r and d.
 * @returns The normalization.
 *
 * @example
 * ```ts
 * import { batchRenorm } from "blindspot/nn";
 *
 * const norm = batchRenorm({ rMax: 2, dMax: 1 });
 * console.log(norm.blocks([8, 4])?.ones); // true
 * ```
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
    operator: null,
    blocks: (shape) => ({ layout: batchNormLayout(shape), ones: true, y: true }),
  };
}
