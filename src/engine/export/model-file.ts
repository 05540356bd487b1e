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

/** A tensor that the file stores under its name. */
export interface Stored {
  readonly name: string;
  readonly tensor: Tensor;
}

/** A place where the traced function was cut open and a node of ONNX stands. */
export interface Cut {
  /** What the node's name begins with. */
  readonly name: string;
  readonly op: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Names of stored tensors, the node's inputs after the value that enters the cut. */
  readonly operands: readonly string[];
  /** Of the value that leaves the cut. */
  readonly spec: TensorSpec;
  /** Of what else the node yields, which nobody reads. */
  readonly unread: readonly TensorSpec[];
  /** The first operator set that has the node in this form. */
  readonly opset: number;
}

/** A function to be written as an ONNX model. */
export interface ModelSource {
  /** From stored tensors, inputs and the values that leave the cuts, to outputs and the values that enter the cuts. */
  readonly fn: TracedFunction;
  readonly stored: readonly Stored[];
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly string[];
  readonly cuts: readonly Cut[];
}

/**
 * An ONNX model to keep: plain operators, weights under their names, a node for each cut, and the least operator set
 * that has them all. `source` gives the function for a batch size; the file takes batches of any size where nothing
 * but shapes depends on it, else of the size `batch`.
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

/** The function as a graph whose inputs and outputs are those of the model. */
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
