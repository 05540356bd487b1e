import type { TensorSpec } from "../../base/tensor.js";
import type { TracedFunction } from "../lang/autodiff.js";
import { type LoweredGraph, type LowerOptions, lower, lowerTraced } from "../lowering/lower.js";
import { OPTIMIZED } from "../lowering/optimizations.js";
import { trace } from "../tracing/trace.js";
import { describeProgram } from "./describe-program.js";
import type { CallerKey, ProgramCache } from "./program-cache.js";
import { restoreGraph, storeGraph } from "./stored-graph.js";

export interface CacheUse {
  readonly cache: ProgramCache;
  readonly key?: CallerKey;
  /** What else the graph depends on: the device and the version of its runtime. */
  readonly runsOn: string;
}

/** What is stored under a caller's key: the digest of the traced program's own entry, and what was learnt by tracing. */
interface Signpost {
  readonly program: string;
  readonly learnt: unknown;
}

/**
 * As `lower`, but graphs are taken from a cache where it has them: by the caller's key without tracing `fn`, else by what
 * tracing gives. A graph that is taken equals the one that would be made, byte for byte.
 */
export async function lowerCached(
  fn: TracedFunction,
  specs: readonly TensorSpec[],
  options: LowerOptions,
  { cache, key, runsOn }: CacheUse,
): Promise<LoweredGraph> {
  const how = JSON.stringify({
    runsOn,
    inputNames: options.inputNames ?? [],
    outputNames: options.outputNames ?? [],
    optimizations: Object.entries({ ...OPTIMIZED, ...options.optimizations }).sort(),
  });
  const shapes = JSON.stringify(specs.map(({ dtype, shape }) => [dtype, shape]));
  const byCaller = key && (await cache.digest(["caller", how, shapes, ...key.parts]));
  if (byCaller !== undefined) {
    const signpost = await cache.get(byCaller);
    const { program, learnt }: Partial<Signpost> = signpost ? parse(signpost) : {};
    const stored = program === undefined ? undefined : await cache.get(program);
    if (stored) {
      key!.restore(learnt);
      return restoreGraph(stored);
    }
  }
  let traced: ReturnType<typeof trace>;
  try {
    traced = trace(fn, specs);
  } catch {
    return lower(fn, specs, options); // which says where `fn` does what cannot be compiled
  }
  const byProgram = await cache.digest(["program", how, ...describeProgram(traced)]);
  const stored = await cache.get(byProgram);
  let graph: LoweredGraph;
  if (stored) graph = restoreGraph(stored);
  else {
    try {
      graph = lowerTraced(traced, specs, options);
    } catch {
      return lower(fn, specs, options);
    }
    await cache.put(byProgram, storeGraph(graph));
  }
  if (byCaller !== undefined)
    await cache.put(byCaller, asBytes({ program: byProgram, learnt: key!.learnt() }));
  return graph;
}

const parse = (bytes: Uint8Array): Signpost => JSON.parse(new TextDecoder().decode(bytes));
const asBytes = (signpost: Signpost): Uint8Array => new TextEncoder().encode(JSON.stringify(signpost));
