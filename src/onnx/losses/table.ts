import { binaryCrossEntropy } from "./binary-cross-entropy.js";
import { crossEntropy } from "./cross-entropy.js";
import type { LossDefinition } from "./definition.js";
import { meanAbsoluteError, meanSquaredError } from "./mean-difference.js";
import { modelOutput } from "./model-output.js";
import type { LossKind } from "./names.js";

/**
 * The losses. To add a loss, add its name to `lossKinds` (names.ts) and its entry here: command
 * line, inference and reports read both.
 */
export const losses: Readonly<Record<LossKind, LossDefinition>> = {
  "cross-entropy": crossEntropy,
  mse: meanSquaredError,
  bce: binaryCrossEntropy,
  l1: meanAbsoluteError,
  output: modelOutput,
};
