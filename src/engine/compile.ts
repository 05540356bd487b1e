import type { TensorSpec } from "../base/tensor.js";
import { lowerCached } from "./cache/lower-cached.js";
import type { CallerKey, ProgramCache } from "./cache/program-cache.js";
import type { TracedFunction } from "./lang/autodiff.js";
import { type LowerOptions, lower } from "./lowering/lower.js";
import { type Optimizations, WITHOUT } from "./lowering/optimizations.js";
import { loadRuntime } from "./runtime/node.js";
import { Program, type SessionOptions } from "./session.js";

/** Options of `compile`. */
export interface CompileOptions extends LowerOptions, SessionOptions {
  /** Keeps the graph for the next start of the process. Graphs with `sourceLines` are not kept. */
  readonly cache?: ProgramCache;
  /** Finds a cached graph without tracing `fn`. */
  readonly key?: CallerKey | null;
}

/**
 * Compiles a function to a program that ONNX Runtime executes, with the optimizations that suit the
 * device.
 *
 * @param fn - A function written with `lang`. It is called once, with abstract values, or not at
 * all where a cache has the graph.
 * @param specs - Shape and element type of each argument of `fn`. Tensors will do.
 * @param options - Device, threads, cache, names of inputs and outputs, and optimizations.
 * @returns The program, which holds memory outside of JavaScript until it is disposed.
 * @throws UserError where `fn` fails or uses an operation that ONNX cannot express (the message
 * begins with the line of `fn`), and where the device is not available.
 *
 * @example
 * ```ts
 * import { compile, lang } from "blindspot/engine";
 *
 * const x = { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 3) } as const;
 * const loss = (x: lang.Traced) => ({ value: lang.sum(lang.square(x)), aux: [] });
 * await using program = await compile((x) => lang.valueAndGrad(loss, [x]).grads, [x]);
 * const [gradient] = await program.run([x]);
 * console.log(gradient.data); // 2, 4, 6
 * ```
 */
export async function compile(
  fn: TracedFunction,
  specs: readonly TensorSpec[],
  options: CompileOptions = {},
): Promise<Program> {
  const { device = "cpu", threads, cache, key } = options;
  const graph = async (without: Partial<Optimizations> = {}) => {
    const optimizations = { ...WITHOUT[device], ...options.optimizations, ...without };
    const how = { ...options, optimizations };
    if (cache === undefined || options.sourceLines) return lower(fn, specs, how);
    const { version } = await loadRuntime(device, threads);
    return lowerCached(fn, specs, how, { cache, key, runsOn: `${device} ${version}` });
  };
  const lowered = await graph();
  return Program.load(lowered, options).catch(async (error: unknown) => {
    // onnxruntime-web has no blocked kernels and refuses graphs with them.
    if (!lowered.operators.has("ReorderInput")) throw error;
    return Program.load(await graph({ blocked: false }), options);
  });
}
