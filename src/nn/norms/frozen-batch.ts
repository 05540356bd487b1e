import { channelAffine } from "./affine.js";
import type { Norm, NormOptions } from "./norm.js";
import { runningOperator } from "./operators.js";
import { EPSILON, MOMENTUM, runningStatistics, standardizeByRunning } from "./running.js";

/**
 * Batch normalization by running statistics, in training as in evaluation: the statistics are
 * constants, so nothing is blocked. Source: torchvision.ops.FrozenBatchNorm2d.
 */
export function frozenBatchNorm({ epsilon = EPSILON }: NormOptions = {}): Norm {
  return {
    title: "frozen batch norm",
    normalizes: "features",
    epsilon,
    state: runningStatistics,
    standardize: (x, state) => standardizeByRunning(x, state, epsilon),
    ...channelAffine,
    operator: runningOperator(epsilon, MOMENTUM),
    blocks: () => null,
  };
}
