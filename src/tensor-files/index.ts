export type { StoredType } from "./element-types.js";
export { openTensorFile, readTensors } from "./open.js";
export { readTensor, type TensorEntry, type TensorFile, tensorBlocks } from "./tensor-file.js";
export { writeWholeFile } from "./whole-file.js";
export { writeNpz } from "./write-npz.js";
export { writeSafetensors } from "./write-safetensors.js";
