import { float } from "../../engine/index.js";
import type { Norm, NormOperator, PassMode } from "./norm.js";

type OperatorOf = NonNullable<Norm["operator"]>;

/** BatchNormalization with the statistics of the batch. ONNX's momentum is the weight of the old statistics. */
const batch = (mode: PassMode, epsilon: number, momentum: number): NormOperator => ({
  op: "BatchNormalization",
  attributes: {
    epsilon: float(epsilon),
    momentum: float(1 - momentum),
    training_mode: mode === "training" ? 1 : 0,
  },
  operands: ["weight", "bias", "running_mean", "running_var"],
  statistics: mode === "training",
  opset: 14,
});

export const batchOperator =
  (epsilon: number, momentum: number): OperatorOf =>
  (mode) =>
    batch(mode, epsilon, momentum);

/** For norms that are batch normalization by running statistics in evaluation, and something else in training. */
export const runningOperator =
  (epsilon: number, momentum: number): OperatorOf =>
  (mode) =>
    mode === "evaluation" ? batch(mode, epsilon, momentum) : null;

export const layerOperator =
  (epsilon: number): OperatorOf =>
  () => ({
    op: "LayerNormalization",
    attributes: { axis: 1, epsilon: float(epsilon) },
    operands: ["weight", "bias"],
    statistics: false,
    opset: 17,
  });

/** Wants positions to take statistics over. */
export const instanceOperator =
  (epsilon: number): OperatorOf =>
  (_, shape) =>
    shape.length < 3
      ? null
      : {
          op: "InstanceNormalization",
          attributes: { epsilon: float(epsilon) },
          operands: ["weight", "bias"],
          statistics: false,
          opset: 6,
        };

/** Scale and bias are one per channel from operator set 21 on; before, one per group. */
export const groupOperator =
  (groups: number, epsilon: number): OperatorOf =>
  () => ({
    op: "GroupNormalization",
    attributes: { num_groups: groups, epsilon: float(epsilon) },
    operands: ["weight", "bias"],
    statistics: false,
    opset: 21,
  });

export const rmsOperator =
  (epsilon: number): OperatorOf =>
  () => ({
    op: "RMSNormalization",
    attributes: { axis: 1, epsilon: float(epsilon) },
    operands: ["weight"],
    statistics: false,
    opset: 23,
  });
