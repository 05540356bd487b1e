export * from "./blocked-shares.js";
export * from "./chance.js";
export * from "./layout.js";
export * from "./leak.js";
export * from "./standardize.js";
export * from "./weights.js";
