import { UserError } from "../../base/errors.js";
import { mean, reshape, type Traced } from "../../engine/lang/index.js";
import type { GroupLayout } from "../../theory/index.js";
import { channelAffine } from "./affine.js";
import { moments, standardizeBy } from "./moments.js";
import type { Norm, RunningOptions } from "./norm.js";
import { runningOperator } from "./operators.js";
import { EPSILON, MOMENTUM, runningStatistics, standardizeByRunning, updateRunning } from "./running.js";

/**
 * Ghost batch normalization: batch normalization of each sub-batch of `samples` neighbouring
 * samples by itself. Blocks 1 and y of each channel and sub-batch, more directions than batch norm.
 * Running statistics take the mean over the sub-batches.
 * Source: Hoffer, Hubara and Soudry 2017 (arXiv 1705.08741), algorithm 1.
 */
export function ghostBatchNorm(
  samples: number,
  { epsilon = EPSILON, momentum = MOMENTUM }: RunningOptions = {},
): Norm {
  const split = (x: Traced): Traced => {
    check(x.shape, samples);
    return reshape(x, [x.shape[0] / samples, samples, ...x.shape.slice(1)]);
  };
  const axesOf = (parts: Traced): number[] =>
    parts.shape.map((_, axis) => axis).filter((a) => a !== 0 && a !== 2);
  return {
    title: `ghost batch norm of ${samples}`,
    normalizes: "features",
    epsilon,
    state: runningStatistics,
    standardize: (x) => {
      const parts = split(x);
      return reshape(standardizeBy(parts, moments(parts, axesOf(parts)), epsilon), x.shape);
    },
    evaluate: (x, state) => standardizeByRunning(x, state, epsilon),
    update: (x, state) => {
      const parts = split(x);
      const batch = moments(parts, axesOf(parts));
      const average = { mean: mean(batch.mean, [0]), variance: mean(batch.variance, [0]) };
      return updateRunning(state, average, (samples * x.size) / (x.shape[0] * x.shape[1]), momentum);
    },
    ...channelAffine,
    operator: runningOperator(epsilon, momentum),
    blocks: (shape) => ({ layout: ghostBatchLayout(shape, samples), ones: true, y: true }),
  };
}

/** One group per channel and sub-batch of `samples` samples. */
function ghostBatchLayout(shape: readonly number[], samples: number): GroupLayout {
  check(shape, samples);
  const [batch, channels, ...positions] = shape as [number, number, ...number[]];
  const inner = positions.reduce((a, b) => a * b, 1);
  return {
    groupOuter: batch / samples,
    groupOuterStride: samples * channels * inner,
    groupInner: channels,
    groupInnerStride: inner,
    outer: samples,
    outerStride: channels * inner,
    inner,
    innerStride: 1,
  };
}

function check([batch]: readonly number[], samples: number): void {
  if (batch % samples !== 0)
    throw new UserError(
      `ghost batch norm: expected a batch whose size is a multiple of ${samples}, got ${batch}; ` +
        "change the size of the batch or of the sub-batches",
    );
}
