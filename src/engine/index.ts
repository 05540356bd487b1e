export { type CompileOptions, compile } from "./compile.js";
export type { TracedFunction } from "./lang/autodiff.js";
export type { Operand, Traced } from "./lang/core.js";
export * as lang from "./lang/index.js";
export type { ConvOptions } from "./lang/linear.js";
export type { PoolOptions } from "./lang/pool.js";
export { type LoweredGraph, type LowerOptions, lower, type NamedSpec } from "./lower.js";
export { type Device, Program, type SessionOptions } from "./session.js";
