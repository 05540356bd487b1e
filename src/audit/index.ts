export { type AuditBatchesOptions, auditBatches } from "./audit-batches.js";
export { type AuditModelOptions, auditModel } from "./audit-model.js";
export { auditTrace, type TraceAuditOptions } from "./audit-trace.js";
export {
  type ComparedAnswers,
  type ComparedLayer,
  type ComparedNumbers,
  type ComparedReport,
  type Comparison,
  compareReports,
  parseAuditReport,
} from "./compare.js";
export {
  type Condition,
  type ConditionResults,
  type ConditionValue,
  type Failure,
  findFailures,
  parseFailOn,
} from "./fail-on.js";
export type { BatchSource, ModelSource } from "./load.js";
export type { Feeds } from "./measuring/feeds.js";
export type { AuditReport, BatchVerdict, LayerReport, Thresholds, Verdict } from "./report/result.js";
export { type ExpandOptions, expandLayer } from "./taylor/expand-layer.js";
export type { LossAtLayer } from "./taylor/network-above.js";
export { DEFAULT_THRESHOLDS, parseThresholds } from "./verdict/thresholds.js";
export { DEFAULT_TOLERANCE, findWorse, type Worsening } from "./worse.js";
