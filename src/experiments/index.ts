export { type ReproduceOptions, reproduce } from "./reproduce.js";
export type { ExperimentResult, Scale } from "./result.js";
