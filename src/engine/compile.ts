import type { TensorSpec } from "../base/tensor.js";
import { lowerCached } from "./cache/lower-cached.js";
import type { CallerKey, ProgramCache } from "./cache/program-cache.js";
import type { TracedFunction } from "./lang/autodiff.js";
import { type LowerOptions, lower } from "./lowering/lower.js";
import { WITHOUT } from "./lowering/optimizations.js";
import { loadRuntime } from "./runtime/node.js";
import { Program, type SessionOptions } from "./session.js";

export interface CompileOptions extends LowerOptions, SessionOptions {
  /** Keeps the graph for the next start; a graph with `sourceLines` is not kept. */
  readonly cache?: ProgramCache;
  /** Finds a cached graph without tracing `fn`. */
  readonly key?: CallerKey | null;
}

/**
 * Compiles `fn` for inputs of the given shapes and element types into a program that runs natively, with the optimizations that
 * suit the device. Where a runtime refuses blocked kernels (a browser's) the graph is made anew without.
 */
export async function compile(
  fn: TracedFunction,
  specs: readonly TensorSpec[],
  options: CompileOptions = {},
): Promise<Program> {
  const { device = "cpu", threads, cache, key } = options;
  const graph = async (blocked?: false) => {
    const optimizations = {
      ...WITHOUT[device],
      ...options.optimizations,
      ...(blocked === false && { blocked }),
    };
    const how = { ...options, optimizations };
    if (cache === undefined || options.sourceLines) return lower(fn, specs, how);
    const { version } = await loadRuntime(device, threads);
    return lowerCached(fn, specs, how, { cache, key, runsOn: `${device} ${version}` });
  };
  const lowered = await graph();
  return Program.load(lowered, options).catch(async (error: unknown) => {
    if (!lowered.operators.has("ReorderInput")) throw error;
    return Program.load(await graph(false), options);
  });
}
