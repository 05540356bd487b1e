export { type BatchRenormOptions, batchRenorm } from "./batch-renorm.js";
export { thresholdedLinear } from "./filter-response.js";
export type {
  Blocked,
  DeclaredTensor,
  Norm,
  NormOperator,
  NormOptions,
  PassMode,
  RunningOptions,
} from "./norm.js";
export { type NormName, norm, normNames } from "./table.js";
