import { UserError } from "../../base/errors.js";
import type { TensorSpec } from "../../base/tensor.js";
import type { TracedFunction } from "../lang/autodiff.js";
import {
  type LoweredGraph,
  type LowerOptions,
  lowerTraced,
  lowerWithSourceLines,
} from "../lowering/lower.js";
import { OPTIMIZED } from "../lowering/optimizations.js";
import { trace } from "../tracing/trace.js";
import { describeProgram } from "./describe-program.js";
import type { CallerKey, ProgramCache } from "./program-cache.js";
import { restoreGraph, storeGraph } from "./stored-graph.js";

export interface CacheUse {
  readonly cache: ProgramCache;
  readonly key?: CallerKey | null;
  /** The device and the version of its runtime, which the graph depends on too. */
  readonly runsOn: string;
}

/**
 * Lowers `fn`, or takes its graph from the cache. A cached graph equals the one that lowering
 * makes, byte for byte. The cache has two kinds of entries:
 *
 *     caller's key ──▶ digest of the traced program ──▶ graph
 *
 * With the caller's key the graph is found without tracing `fn`. Without a key, or where its entry
 * is missing, `fn` is traced and the graph is found by the digest of the traced program.
 */
export async function lowerCached(
  fn: TracedFunction,
  specs: readonly TensorSpec[],
  options: LowerOptions,
  { cache, key, runsOn }: CacheUse,
): Promise<LoweredGraph> {
  const how = describeOptions(options, specs, runsOn);
  const callerDigest = key ? await cache.digest(["caller", ...how, ...key]) : null;
  const known = callerDigest === null ? null : await findByCaller(cache, callerDigest);
  if (known) return known;
  try {
    const program = trace(fn, specs);
    const programDigest = await cache.digest(["program", how[0], ...describeProgram(program)]);
    let graph = await find(cache, programDigest);
    if (graph === null) {
      graph = lowerTraced(program, specs, options);
      await cache.put(programDigest, storeGraph(graph));
    }
    if (callerDigest !== null) await cache.put(callerDigest, new TextEncoder().encode(programDigest));
    return graph;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return lowerWithSourceLines(fn, specs, options);
  }
}

/**
 * Everything besides the function that the graph depends on: options and device, and the inputs'
 * shapes.
 */
function describeOptions(
  { inputNames = [], outputNames = [], optimizations }: LowerOptions,
  specs: readonly TensorSpec[],
  runsOn: string,
): readonly [options: string, shapes: string] {
  const switches = Object.entries({ ...OPTIMIZED, ...optimizations }).sort();
  return [
    JSON.stringify({ runsOn, inputNames, outputNames, optimizations: switches }),
    JSON.stringify(specs.map(({ dtype, shape }) => [dtype, shape])),
  ];
}

async function find(cache: ProgramCache, programDigest: string): Promise<LoweredGraph | null> {
  const stored = await cache.get(programDigest);
  return stored ? restoreGraph(stored) : null;
}

async function findByCaller(cache: ProgramCache, callerDigest: string): Promise<LoweredGraph | null> {
  const programDigest = await cache.get(callerDigest);
  return programDigest ? find(cache, new TextDecoder().decode(programDigest)) : null;
}
