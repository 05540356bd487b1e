export { UserError } from "../base/errors.js";
export { Random } from "../base/random.js";
export type { DType, Tensor, TensorData } from "../base/tensor.js";
export type { Attribute, Float } from "../engine/graph/graph.js";
export type { LinearOp } from "../measure/linear-op.js";
export { constantValue, normalValues, uniformFanIn } from "./initializers.js";
export {
  averagePool,
  type ConvSettings,
  type ConvTransposeSettings,
  conv,
  convTranspose,
  flatten,
  globalAveragePool,
  type LinearSettings,
  leakyRelu,
  linear,
  maxPool,
  relu,
} from "./layers.js";
export { binaryCrossEntropy, crossEntropy, meanSquaredError } from "./losses.js";
export * from "./models/index.js";
export {
  chain,
  type Initializer,
  initialBuffers,
  initialValues,
  type LayerFunction,
  type Network,
  type NetworkBuffer,
  type NormCall,
  network,
  networkOf,
  type Parameter,
  type Pass,
  Registry,
  type ReplaceNorm,
  type ReplacingPass,
} from "./network.js";
export { type NormLayer, normLayer } from "./norm-layer.js";
export * from "./norms/index.js";
export { type OnnxModelOptions, onnxModel } from "./onnx-model.js";
export * from "./optimizers/index.js";
export type { Probe } from "./probe.js";
