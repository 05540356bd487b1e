export { Random } from "../base/random.js";
export { type Batch, type Batching, batchings, batchOf, epochBatches } from "./batches.js";
export { type Dataset, type DatasetName, datasetNames, firstOf, type Split } from "./dataset.js";
export { loadDataset } from "./load.js";
export type { StoreOptions } from "./store.js";
