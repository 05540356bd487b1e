export * from "./losses.js";
export * from "./models/index.js";
export { initialBuffers, initialValues, type Network, network } from "./network.js";
export * from "./norms/index.js";
export { type OnnxModelOptions, onnxModel } from "./onnx-model.js";
export * from "./optimizers/index.js";
