/**
 * blindspot as a library. Everything here is also reachable by part: `blindspot/theory` (float64, no
 * dependencies), `blindspot/trace`, `blindspot/engine`, `blindspot/onnx`, `blindspot/audit`, `blindspot/report`.
 */
export * from "./audit/index.js";
export { UserError } from "./base/errors.js";
export type { Tensor, TensorSpec } from "./base/tensor.js";
export { version } from "./base/version.js";
export * from "./report/index.js";
