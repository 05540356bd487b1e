export { UserError } from "../base/errors.js";
export type { DType, Tensor, TensorData, TensorSpec } from "../base/tensor.js";
export { writeWholeFile } from "../base/write-file.js";
export type { StoredType } from "./element-types.js";
export { openTensorFile } from "./open-tensor-file.js";
export { readTensor, readTensors, tensorBlocks } from "./read-tensors.js";
export type { TensorEntry, TensorFile } from "./tensor-file.js";
export { writeNpz } from "./write-npz.js";
export { writeSafetensors } from "./write-safetensors.js";
