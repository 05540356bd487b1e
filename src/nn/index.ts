export * from "./losses.js";
export * from "./models/index.js";
export { initialValues, type Network, network } from "./network.js";
export * from "./norms/index.js";
