import type { TensorSpec } from "../base/tensor.js";
import { userCache } from "../engine/cache/user-cache.js";
import { compile, type Program, type TracedFunction } from "../engine/index.js";

/**
 * As `compile`, with graphs kept in the user's cache: the runs of an experiment, its seeds and the jobs of a sweep need the same
 * ones again and again, each in a process of its own.
 */
export const compileKept = (fn: TracedFunction, specs: readonly TensorSpec[]): Promise<Program> =>
  compile(fn, specs, { cache: userCache() });
