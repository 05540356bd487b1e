import type { TensorSpec } from "../tensor.js";
import type { TracedFunction } from "./lang/autodiff.js";
import { type LowerOptions, lower } from "./lower.js";
import { WITHOUT } from "./optimizations.js";
import { Program, type SessionOptions } from "./session.js";

export interface CompileOptions extends LowerOptions, SessionOptions {}

/**
 * Compiles `fn` for inputs of the given shapes and element types into a program that runs natively, with the optimizations that
 * suit the device. Where a runtime refuses blocked kernels (a browser's) the graph is made anew without.
 */
export async function compile(
  fn: TracedFunction,
  specs: readonly TensorSpec[],
  options: CompileOptions = {},
): Promise<Program> {
  const { device = "cpu" } = options;
  const load = (blocked?: false) => {
    const optimizations = {
      ...WITHOUT[device],
      ...options.optimizations,
      ...(blocked === false && { blocked }),
    };
    const lowered = lower(fn, specs, { ...options, optimizations });
    const hasBlocked = lowered.operators.has("ReorderInput");
    return { hasBlocked, program: Program.load(lowered, options) };
  };
  const { hasBlocked, program } = load();
  return program.catch((error: unknown) => {
    if (!hasBlocked) throw error;
    return load(false).program;
  });
}
