/**
 * Audits of models and recorded traces, with reports as text, JSON, JUnit or HTML.
 *
 * The parts have entry points of their own: `blindspot/audit`, `blindspot/report`,
 * `blindspot/theory`, `blindspot/verify`, `blindspot/engine`, `blindspot/engine/cache`,
 * `blindspot/nn`, `blindspot/datasets`, `blindspot/onnx` and `blindspot/tensor-files`.
 *
 * @module blindspot
 */
export * from "./audit/index.js";
export { UserError } from "./base/errors.js";
export type { DType, Tensor, TensorData, TensorSpec } from "./base/tensor.js";
export { version } from "./base/version.js";
export * from "./report/index.js";
