import type { TensorSpec } from "../base/tensor.js";
import { userCache } from "../engine/cache/user-cache.js";
import { compile, type Program, type TracedFunction } from "../engine/index.js";

/**
 * Compiles a function and keeps its graph in the user's cache. The seeds of an experiment and the
 * jobs of a sweep need the same graphs, each in a process of its own.
 */
export const compileKept = (fn: TracedFunction, specs: readonly TensorSpec[]): Promise<Program> =>
  compile(fn, specs, { cache: userCache() });
