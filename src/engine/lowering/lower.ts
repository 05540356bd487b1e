import { UserError } from "../../base/errors.js";
import type { TensorSpec } from "../../base/tensor.js";
import { emit, nodeName, usedInputs } from "../graph/emit.js";
import type { Graph, Value } from "../graph/graph.js";
import type { TracedFunction } from "../lang/autodiff.js";
import { type PlannedMemory, planMemory } from "../memory/plan.js";
import type { SourceLine } from "../tracing/source-line.js";
import { trace } from "../tracing/trace.js";
import type { TracedProgram } from "../tracing/traced-program.js";
import { lowerProgram } from "./apply-rules.js";
import { OPTIMIZED, type Optimizations } from "./optimizations.js";
import { eliminateDeadCode } from "./passes/dead-code.js";
import { passes } from "./passes/index.js";
import { ownOutputs } from "./passes/outputs.js";

/** Options of `lower`. */
export interface LowerOptions {
  /** Names of the graph's inputs, by position. Default `input0`, `input1`, …. */
  readonly inputNames?: readonly string[];
  /** Names of the graph's outputs, by position. Default `output0`, `output1`, …. */
  readonly outputNames?: readonly string[];
  /** Optimizations to switch off or on. By default all are on. */
  readonly optimizations?: Partial<Optimizations>;
  /**
   * Whether to find the source lines of every node (`sources`). Tracing then takes several times as
   * long.
   */
  readonly sourceLines?: boolean;
}

/** Shape and element type of a graph's input or output, with its name. */
export interface NamedSpec extends TensorSpec {
  readonly name: string;
}

/** A function as an ONNX graph. */
export interface LoweredGraph {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /** The function's inputs in order. Inputs that are not `used` are not inputs of the file. */
  readonly inputs: readonly (NamedSpec & { readonly used: boolean })[];
  /** The function's outputs in order. */
  readonly outputs: readonly NamedSpec[];
  /** How many nodes the graph has of each operator. */
  readonly operators: ReadonlyMap<string, number>;
  /** Planned bytes of a run. */
  readonly memory: PlannedMemory;
  /**
   * For each node, by its name: the calls of the function that the node was made for, innermost
   * first. A node of a backward pass has the calls of the operation whose derivative it belongs to.
   * Empty without the option `sourceLines`.
   */
  readonly sources: ReadonlyMap<string, readonly SourceLine[]>;
}

/**
 * Compiles a function to an ONNX graph, without a runtime.
 *
 * @param fn - A function written with `lang`.
 * @param specs - Shape and element type of each argument of `fn`.
 * @param options - Names of inputs and outputs, and optimizations.
 * @returns The ONNX file with a description of its inputs, outputs, operators and memory.
 * @throws UserError where `fn` fails, or uses an operation that ONNX cannot express. The message
 * begins with the line of `fn`.
 *
 * @example
 * ```ts
 * import { lang, lower } from "blindspot/engine";
 *
 * const image = { dtype: "float32", shape: [8, 3] } as const;
 * const centre = (x: lang.Traced) => [lang.sub(x, lang.mean(x, [0]))];
 * const centred = lower(centre, [image], { inputNames: ["image"] });
 * console.log(centred.operators, centred.bytes.length);
 * ```
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

/**
 * Lowers `fn` with source lines, so that a `UserError` begins with the line of `fn` that causes it.
 */
export const lowerWithSourceLines = (
  fn: TracedFunction,
  specs: readonly TensorSpec[],
  options: LowerOptions,
): LoweredGraph => lowerTraced(trace(fn, specs, { sourceLines: true }), specs, options);

/** Lowers a function that has been traced for inputs of these shapes and element types. */
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

/** The graph of a traced program after the passes that `optimizations` switches on. */
export function optimize(program: TracedProgram, optimizations: Optimizations): Graph {
  let graph = eliminateDeadCode(lowerProgram(program, optimizations));
  for (const pass of passes)
    if (pass.on(optimizations)) graph = eliminateDeadCode(pass.apply(graph, optimizations));
  return ownOutputs(graph);
}

function specOf({ dtype, shape }: Value): TensorSpec {
  if (dtype === "int64") throw new Error("an output of the graph is int64");
  return { dtype, shape };
}
