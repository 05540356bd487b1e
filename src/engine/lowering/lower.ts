import { UserError } from "../../base/errors.js";
import type { TensorSpec } from "../../base/tensor.js";
import { emit, nodeName, usedInputs } from "../graph/emit.js";
import type { Graph } from "../graph/graph.js";
import type { TracedFunction } from "../lang/autodiff.js";
import { type PlannedMemory, planMemory } from "../memory/plan.js";
import type { SourceLine } from "../tracing/source-line.js";
import { trace } from "../tracing/trace.js";
import type { TracedProgram } from "../tracing/translate.js";
import { lowerProgram } from "./apply-rules.js";
import { OPTIMIZED, type Optimizations } from "./optimizations.js";
import { eliminateDeadCode } from "./passes/dead-code.js";
import { passes } from "./passes/index.js";
import { ownOutputs } from "./passes/outputs.js";

export interface LowerOptions {
  /** Names of the graph's inputs and outputs; `input0`, …, `output0`, … where not given. */
  readonly inputNames?: readonly string[];
  readonly outputNames?: readonly string[];
  /** Optimizations to switch off (or on); all are on unless told. */
  readonly optimizations?: Partial<Optimizations>;
  /** Find out which lines of the function each node comes from (`sources` of the result). Tracing takes several times as long. */
  readonly sourceLines?: boolean;
}

export interface NamedSpec extends TensorSpec {
  readonly name: string;
}

/** A function as an ONNX file. */
export interface LoweredGraph {
  readonly bytes: Uint8Array;
  /** The function's inputs in order; those it does not use are not inputs of the file. */
  readonly inputs: readonly (NamedSpec & { readonly used: boolean })[];
  readonly outputs: readonly NamedSpec[];
  /** How many nodes of each operator the graph has. */
  readonly operators: ReadonlyMap<string, number>;
  /** Bytes that a run needs, by plan. */
  readonly memory: PlannedMemory;
  /**
   * By node name: the calls of the function that the node was made for, innermost first; nodes of a backward pass have
   * those of the operation whose derivative they are part of. Empty unless asked for by `sourceLines`.
   */
  readonly sources: ReadonlyMap<string, readonly SourceLine[]>;
}

/**
 * Compiles `fn`, called with inputs of the given shapes and element types, to an ONNX graph. Needs no runtime. Throws
 * a `UserError` that names the primitive where `fn` uses one that ONNX cannot express, and the line of `fn` that does.
 */
export function lower(
  fn: TracedFunction,
  specs: readonly TensorSpec[],
  options: LowerOptions = {},
): LoweredGraph {
  const { sourceLines = false } = options;
  try {
    return lowerTraced(trace(fn, specs, { sourceLines }), specs, options);
  } catch (error) {
    if (sourceLines || !(error instanceof UserError)) throw error;
    return lowerWithSourceLines(fn, specs, options);
  }
}

/** Lowers `fn` with source lines, so that a `UserError` begins with the line of `fn` that causes it. */
export const lowerWithSourceLines = (
  fn: TracedFunction,
  specs: readonly TensorSpec[],
  options: LowerOptions,
): LoweredGraph => lowerTraced(trace(fn, specs, { sourceLines: true }), specs, options);

/** As `lower`, of a function that has been traced for inputs of these shapes and element types. */
export function lowerTraced(
  program: TracedProgram,
  specs: readonly TensorSpec[],
  { inputNames = [], outputNames = [], optimizations = {} }: LowerOptions = {},
): LoweredGraph {
  const graph = optimize(program, { ...OPTIMIZED, ...optimizations });
  const names = {
    inputs: graph.inputs.map((_, i) => inputNames[i] ?? `input${i}`),
    outputs: graph.outputs.map((_, i) => outputNames[i] ?? `output${i}`),
  };
  const used = new Set(usedInputs(graph));
  const operators = new Map<string, number>();
  for (const { op } of graph.nodes) operators.set(op, (operators.get(op) ?? 0) + 1);
  return {
    bytes: emit(graph, names),
    inputs: graph.inputs.map((value, i) => ({
      name: names.inputs[i],
      dtype: specs[i].dtype,
      shape: specs[i].shape,
      used: used.has(value),
    })),
    outputs: graph.outputs.map((value, i) => ({ name: names.outputs[i], ...specOf(value) })),
    operators,
    memory: planMemory({ ...graph, inputs: usedInputs(graph) }),
    sources: new Map(
      graph.nodes.flatMap((node, i) => (node.origin.source ? [[nodeName(node, i), node.origin.source]] : [])),
    ),
  };
}

/** The graph of a traced program after the passes that are on. */
export function optimize(program: TracedProgram, optimizations: Optimizations): Graph {
  let graph = eliminateDeadCode(lowerProgram(program, optimizations));
  for (const pass of passes)
    if (pass.on(optimizations)) graph = eliminateDeadCode(pass.apply(graph, optimizations));
  return ownOutputs(graph);
}

function specOf({ dtype, shape }: { readonly dtype: string; readonly shape: readonly number[] }): TensorSpec {
  if (dtype === "int64") throw new Error("an output of the graph is int64");
  return { dtype: dtype as TensorSpec["dtype"], shape };
}
