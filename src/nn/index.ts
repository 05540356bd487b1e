export * from "./norms/index.js";
