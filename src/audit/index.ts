export { compareReports, parseAuditReport } from "./compare.js";
export { findFailures, parseFailOn } from "./fail-on.js";
export { type AuditModelOptions, auditModel } from "./model.js";
export type { AuditReport, LayerReport, Thresholds, Verdict } from "./result.js";
export { type ExpandOptions, expandLayer } from "./taylor/expand-layer.js";
export type { Feeds } from "./taylor/network-above.js";
export { DEFAULT_THRESHOLDS, parseThresholds } from "./thresholds.js";
export { auditTrace } from "./trace.js";
