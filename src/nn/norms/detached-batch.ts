import { stopGradient } from "../../engine/lang/index.js";
import { batchNorm } from "./batch.js";
import { batchAxes, moments, standardizeBy } from "./moments.js";
import type { Norm, RunningOptions } from "./norm.js";
import { runningOperator } from "./operators.js";
import { MOMENTUM } from "./running.js";

/**
 * Batch normalization whose backward pass treats the statistics of the batch as constants. Its
 * outputs are those of batch norm, and nothing is blocked. It is no remedy: training becomes
 * unstable. Source: docs/theory.md, section 7.
 */
export function detachedBatchNorm(options: RunningOptions = {}): Norm {
  const attached = batchNorm(options);
  const { momentum = MOMENTUM } = options;
  return {
    ...attached,
    title: "detached batch norm",
    standardize: (x) => standardizeBy(x, moments(stopGradient(x), batchAxes(x)), attached.epsilon),
    operator: runningOperator(attached.epsilon, momentum),
    blocks: () => null,
  };
}
