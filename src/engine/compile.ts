import type { TensorSpec } from "../tensor.js";
import type { TracedFunction } from "./lang/autodiff.js";
import { type LowerOptions, lower } from "./lower.js";
import { Program, type SessionOptions } from "./session.js";

export interface CompileOptions extends LowerOptions, SessionOptions {}

/** Compiles `fn` for inputs of the given shapes and element types into a program that runs natively. */
export async function compile(
  fn: TracedFunction,
  specs: readonly TensorSpec[],
  options: CompileOptions = {},
): Promise<Program> {
  return Program.load(lower(fn, specs, options), options);
}
