import type { TensorSpec } from "../tensor.js";
import type { TracedFunction } from "./lang/autodiff.js";
import { type LowerOptions, lower } from "./lower.js";
import { Program, type SessionOptions } from "./session.js";

export interface CompileOptions extends LowerOptions, SessionOptions {}

/**
 * Compiles `fn` for inputs of the given shapes and element types into a program that runs natively. Blocked kernels are those of
 * the processor: other devices go without, and where a runtime refuses them (a browser's) the graph is made anew.
 */
export async function compile(
  fn: TracedFunction,
  specs: readonly TensorSpec[],
  options: CompileOptions = {},
): Promise<Program> {
  const load = (blocked: boolean) => {
    const optimizations = { ...options.optimizations, ...(blocked ? {} : { blocked }) };
    const lowered = lower(fn, specs, { ...options, optimizations });
    const hasBlocked = lowered.operators.has("ReorderInput");
    return { hasBlocked, program: Program.load(lowered, options) };
  };
  const { hasBlocked, program } = load((options.device ?? "cpu") === "cpu");
  return program.catch((error: unknown) => {
    if (!hasBlocked) throw error;
    return load(false).program;
  });
}
