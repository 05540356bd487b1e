import type { Tensor, TensorSpec } from "../base/tensor.js";
import { type Cut, type ModelSource, modelFile, type TracedFunction } from "../engine/index.js";
import { evaluateShapes, type Traced } from "../engine/lang/index.js";
import type { Network, NormCall } from "./network.js";
import type { NormOperator, PassMode } from "./norms/norm.js";

export interface OnnxModelOptions {
  /** training: normalization with the statistics of the batch; evaluation: with running statistics, where there are any. */
  readonly mode: PassMode;
  /** Shape of a batch of inputs, [N, …]. */
  readonly shape: readonly number[];
  /** Names of input and output. Default `input` and `output`. */
  readonly input?: string;
  readonly output?: string;
}

/**
 * A network with the values of its parameters and buffers as an ONNX file. Norms that ONNX has an operator for are
 * nodes of it, parameters are initializers under their own names; everything else is written in primitive
 * operators. N is free where nothing but shapes depends on it.
 */
export function onnxModel(
  network: Network,
  parameters: readonly Tensor[],
  buffers: readonly Tensor[],
  { mode, shape, input = "input", output = "output" }: OnnxModelOptions,
): Uint8Array {
  const values = [...parameters, ...buffers];
  const names = [...network.parameters, ...network.buffers].map(({ name }) => name);
  const stored = values.map((tensor, i) => ({ name: names[i], tensor }));
  const source = (batch: number): ModelSource => {
    const spec = { name: input, dtype: "float32", shape: [batch, ...shape.slice(1)] } as const;
    const cuts = cutsOf(network, mode, values, spec);
    const fn: TracedFunction = (...args) => {
      const entering: Traced[] = [];
      const leaving = args.slice(values.length + 1);
      const result = network.cut(
        mode === "training",
        args.slice(0, parameters.length),
        args.slice(parameters.length, values.length),
        args[values.length],
        ({ norm, x }) => {
          if (!norm.operator?.(mode, x.shape)) return null;
          entering.push(x);
          return leaving[entering.length - 1];
        },
      );
      return [result, ...entering];
    };
    return { fn, stored, inputs: [spec], outputs: [output], cuts };
  };
  return modelFile(source, shape[0]);
}

/** The normalization layers that become nodes, in the order in which a pass comes to them. */
function cutsOf(network: Network, mode: PassMode, values: readonly Tensor[], input: TensorSpec): Cut[] {
  const cuts: Cut[] = [];
  const note = ({ name, norm, x }: NormCall) => {
    const operator = norm.operator?.(mode, x.shape);
    if (!operator) return null;
    cuts.push(cutAt(name, operator, x.shape));
    return x;
  };
  const count = network.parameters.length;
  evaluateShapes(
    (...args) => {
      const [parameters, buffers] = [args.slice(0, count), args.slice(count, values.length)];
      return [network.cut(mode === "training", parameters, buffers, args[values.length], note)];
    },
    [...values, input],
  );
  return cuts;
}

const cutAt = (
  name: string,
  { operands, statistics, ...operator }: NormOperator,
  shape: readonly number[],
): Cut => ({
  ...operator,
  name,
  operands: operands.map((operand) => `${name}.${operand}`),
  spec: { dtype: "float32", shape: [...shape] },
  unread: Array.from({ length: statistics ? 2 : 0 }, () => ({ dtype: "float32", shape: [shape[1]] })),
});
