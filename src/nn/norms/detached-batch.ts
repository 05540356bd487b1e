import { stopGradient } from "../../engine/lang/index.js";
import { batchNorm } from "./batch.js";
import { batchAxes, moments, standardizeBy } from "./moments.js";
import type { Norm, RunningOptions } from "./norm.js";
import { runningOperator } from "./operators.js";
import { MOMENTUM } from "./running.js";

/**
 * Batch normalization whose statistics are those of the batch but held constant in the backward pass: the same outputs
 * as batch norm, and nothing is blocked. No cure: it destabilizes training (docs/theory.md, section 7).
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
