/**
 * blindspot as a library. Everything here is also reachable by part: `blindspot/theory` (float64, no
 * dependencies), `blindspot/trace`, `blindspot/engine`, `blindspot/onnx`, `blindspot/audit`, `blindspot/report`.
 */
export * from "./audit/index.js";
export { UserError } from "./errors.js";
export * from "./report/index.js";
export type { Tensor, TensorSpec } from "./tensor.js";
export { version } from "./version.js";
