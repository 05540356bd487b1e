import type { Tensor, TensorSpec } from "../../base/tensor.js";
import { emit, OPSET } from "../graph/emit.js";
import type { Attribute, Constant, Graph, Value } from "../graph/graph.js";
import type { TracedFunction } from "../lang/autodiff.js";
import type { NamedSpec } from "../lowering/lower.js";
import { optimize } from "../lowering/lower.js";
import { READABLE } from "../lowering/optimizations.js";
import { trace } from "../tracing/trace.js";
import { type AnyBatch, anyBatch } from "./any-batch.js";
import { fuseBiases } from "./fuse-biases.js";
import { splice } from "./splice.js";

/** A tensor that the model file stores, with its name in the file. */
export interface Stored {
  readonly name: string;
  readonly tensor: Tensor;
}

/**
 * A place where the traced function is cut in two, and a node of ONNX joins the parts:
 *
 *     … ──▶ argument ──▶ node ──▶ result ──▶ …
 *
 * The function returns the argument as an extra output and takes the result as an extra input.
 */
export interface Cut {
  /** The beginning of the node's name. */
  readonly name: string;
  /** The operator of the node. */
  readonly op: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Names of stored tensors: the node's inputs after the argument. */
  readonly operands: readonly string[];
  /** Shape and element type of the result. */
  readonly spec: TensorSpec;
  /** Shapes and element types of further outputs of the node, which nothing reads. */
  readonly unread: readonly TensorSpec[];
  /** The first operator set that has the operator in this form. */
  readonly opset: number;
}

/** A function that is to be written as an ONNX model. */
export interface ModelSource {
  /** Takes stored tensors, inputs and results of cuts. Returns outputs and arguments of cuts. */
  readonly fn: TracedFunction;
  readonly stored: readonly Stored[];
  readonly inputs: readonly NamedSpec[];
  /** Names of the outputs. */
  readonly outputs: readonly string[];
  readonly cuts: readonly Cut[];
}

/**
 * Writes a function as an ONNX model for other tools: plain operators, weights under their names,
 * one node for each cut, and the lowest operator set that has all of these.
 *
 * @param source - The function for a given batch size.
 * @param batch - The batch size of the file. Where only shapes depend on the size, the file takes
 * any size.
 */
export function modelFile(source: (batch: number) => ModelSource, batch: number): Uint8Array {
  const own = source(batch);
  const { graph, stored } = assemble(own);
  const open: AnyBatch = anyBatch(graph, assemble(source(2 * batch)).graph) ?? { graph, batched: new Set() };
  return emit(
    open.graph,
    {
      inputs: own.inputs.map(({ name }) => name),
      outputs: own.outputs,
      constants: new Map(stored.map(({ value }, i) => [value, own.stored[i].name])),
    },
    { opset: Math.max(OPSET, ...own.cuts.map(({ opset }) => opset)), batched: open.batched },
  );
}

/**
 * The function as a graph with the model's inputs and outputs, and with the stored tensors as
 * constants.
 */
function assemble({ fn, stored, inputs, outputs, cuts }: ModelSource): { graph: Graph; stored: Constant[] } {
  const specs = [...stored.map(({ tensor }) => tensor), ...inputs, ...cuts.map(({ spec }) => spec)];
  const graph = optimize(trace(fn, specs), READABLE);
  const constants = stored.map(({ tensor }, i): Constant => ({ value: graph.inputs[i], data: tensor.data }));
  const storedAs = new Map<string, Value>(stored.map(({ name }, i) => [name, constants[i].value]));
  const splices = cuts.map(({ name, op, attributes, operands, unread }, i) => ({
    ...{ op, attributes, unread, origin: { primitive: `/${name}` } },
    argument: graph.outputs[outputs.length + i],
    operands: operands.map((operand) => storedAs.get(operand)!),
    result: graph.inputs[stored.length + inputs.length + i],
  }));
  const shown = { ...graph, outputs: graph.outputs.slice(0, outputs.length) };
  return { graph: fuseBiases(splice(shown, splices, constants)), stored: constants };
}
