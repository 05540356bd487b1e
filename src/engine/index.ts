/**
 * The engine: a tensor language with derivatives, compiled to ONNX graphs that ONNX Runtime
 * executes.
 *
 * Write a function with `lang`. `compile` makes a program of it for inputs of fixed shapes,
 * `compileFor` for inputs of any shapes, and `lower` an ONNX file. `Loop` runs a program again and
 * again on its own state.
 */
export { UserError } from "../base/errors.js";
export type { DType, Tensor, TensorData, TensorSpec } from "../base/tensor.js";
export type { CallerKey, KeyPart, ProgramCache } from "./cache/program-cache.js";
export { type CompileOptions, compile } from "./compile.js";
export { type CompileForOptions, compileFor, type ProgramFor } from "./compile-for.js";
export type { TracedFunction } from "./lang/autodiff.js";
export type { Operand, Traced } from "./lang/core.js";
export * as lang from "./lang/index.js";
export type { ConvOptions } from "./lang/linear.js";
export type { PoolOptions } from "./lang/pool.js";
export type { Axes, ReduceOptions } from "./lang/reduce.js";
export { Loop } from "./loop.js";
export { type LoweredGraph, type LowerOptions, lower, type NamedSpec } from "./lowering/lower.js";
export type { Optimizations } from "./lowering/optimizations.js";
export type { PlannedMemory } from "./memory/plan.js";
export type { Device } from "./runtime/device.js";
export { Program, type SessionOptions } from "./session.js";
export type { SourceLine } from "./tracing/source-line.js";
