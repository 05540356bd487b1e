/** The tensor language: the functions that models, losses and imported graphs are written in. */
export * from "./abstract.js";
export * from "./autodiff.js";
export * from "./core.js";
export * from "./elementwise.js";
export * from "./linear.js";
export * from "./pool.js";
export * from "./reduce.js";
export * from "./shape.js";
