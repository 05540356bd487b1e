import { batchNormLayout } from "../../theory/index.js";
import { channelAffine } from "./affine.js";
import { batchAxes, moments, standardizeBy } from "./moments.js";
import type { Norm, RunningOptions } from "./norm.js";
import { batchOperator } from "./operators.js";
import { EPSILON, MOMENTUM, runningStatistics, standardizeByRunning, updateRunning } from "./running.js";

/**
 * Batch normalization: y = (x − μ_c)/√(v_c + ε), with mean and variance per channel over the batch
 * and all positions. Blocks 1 and y of each channel.
 * Source: Ioffe and Szegedy 2015 (arXiv 1502.03167); torch.nn.BatchNorm1d, 2d and 3d.
 */
export function batchNorm({ epsilon = EPSILON, momentum = MOMENTUM }: RunningOptions = {}): Norm {
  return {
    title: "batch norm",
    normalizes: "features",
    epsilon,
    state: runningStatistics,
    standardize: (x) => standardizeBy(x, moments(x, batchAxes(x)), epsilon),
    evaluate: (x, state) => standardizeByRunning(x, state, epsilon),
    update: (x, state) => updateRunning(state, moments(x, batchAxes(x)), x.size / x.shape[1], momentum),
    ...channelAffine,
    operator: batchOperator(epsilon, momentum),
    blocks: (shape) => ({ layout: batchNormLayout(shape), ones: true, y: true }),
  };
}
