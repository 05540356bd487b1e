export { type AdamOptions, adam } from "./adam.js";
export { adamax } from "./adamax.js";
export type { Optimizer, OptimizerOptions } from "./optimizer.js";
export { type SgdOptions, sgd } from "./sgd.js";
