export type { InputEnergy, LinearOp, StructuredLinearOp, WeightRows } from "../measure/linear-op.js";
export { type BatchFile, matchInputs } from "./batch-file.js";
export { decodeModel, readModel } from "./decode/read.js";
export { ignoredLabel } from "./losses/labels.js";
export type { Loss, LossOptions } from "./losses/loss.js";
export { type LossKind, lossKinds } from "./losses/names.js";
export { resolveLoss } from "./losses/resolve.js";
export type {
  Attributes,
  ElementType,
  Initializer,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  ValueInfo,
} from "./model.js";
export { findNorms } from "./norms/find.js";
export { freeze } from "./norms/frozen.js";
export { missingNormsHint, partlyFusedHint } from "./norms/hint.js";
export type { NormKind } from "./norms/kinds.js";
export type { GroupStatistics } from "./norms/normalize.js";
export type { NormLayer } from "./norms/spec.js";
export type {
  AffineLayout,
  AffineOperand,
  Factor,
  OwnDeviation,
  StatisticsAxes,
} from "./norms/statistics.js";
export { type OpenOptions, openModel } from "./open/open-model.js";
export type {
  ForwardPass,
  Hooks,
  OpenedLayer,
  OpenedModel,
  StoredWeight,
} from "./open/opened-model.js";
