import { float } from "../../engine/graph/graph.js";
import type { Norm, NormOperator, PassMode } from "./norm.js";

type OperatorOf = NonNullable<Norm["operator"]>;

/**
 * BatchNormalization. Its momentum is the weight of the old statistics, in PyTorch that of the new.
 */
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

/** The operator of batch norm, for training and for evaluation. */
export const batchOperator =
  (epsilon: number, momentum: number): OperatorOf =>
  (mode) =>
    batch(mode, epsilon, momentum);

/**
 * The operator of norms that use running statistics in evaluation, as batch norm does. ONNX has no
 * operator for them in training.
 */
export const runningOperator =
  (epsilon: number, momentum: number): OperatorOf =>
  (mode) =>
    mode === "evaluation" ? batch(mode, epsilon, momentum) : null;

/** The operator of layer norm over all axes but the first. */
export const layerOperator =
  (epsilon: number): OperatorOf =>
  () => ({
    op: "LayerNormalization",
    attributes: { axis: 1, epsilon: float(epsilon) },
    operands: ["weight", "bias"],
    statistics: false,
    opset: 17,
  });

/** For instance norm. The operator requires at least one axis of positions. */
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

/**
 * For group norm. Opset 21 is the first with scale and bias per channel; before, they are per
 * group.
 */
export const groupOperator =
  (groups: number, epsilon: number): OperatorOf =>
  () => ({
    op: "GroupNormalization",
    attributes: { num_groups: groups, epsilon: float(epsilon) },
    operands: ["weight", "bias"],
    statistics: false,
    opset: 21,
  });

/** For RMS norm over all axes but the first. */
export const rmsOperator =
  (epsilon: number): OperatorOf =>
  () => ({
    op: "RMSNormalization",
    attributes: { axis: 1, epsilon: float(epsilon) },
    operands: ["weight"],
    statistics: false,
    opset: 23,
  });
