export { type ReproduceOptions, reproduce } from "./reproduce.js";
export { reproduceAll } from "./reproduce-all.js";
export type { ExperimentResult, Scale } from "./result.js";
