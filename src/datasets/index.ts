export { UserError } from "../base/errors.js";
export { Random } from "../base/random.js";
export type { DType, Tensor, TensorData } from "../base/tensor.js";
export { type Batch, type Batching, batchings, batchOf, type EpochOptions, epochBatches } from "./batches.js";
export { type Dataset, type DatasetName, datasetNames, firstOf, type Split } from "./dataset.js";
export { loadDataset } from "./load.js";
export type { StoreOptions } from "./store.js";
