import type { Tensor, TensorSpec } from "../base/tensor.js";
import { type Cut, type ModelSource, modelFile } from "../engine/export/model-file.js";
import type { TracedFunction } from "../engine/index.js";
import { evaluateShapes, type Traced } from "../engine/lang/index.js";
import type { Network, NormCall } from "./network.js";
import type { NormOperator, PassMode } from "./norms/norm.js";

/** How a network is written to an ONNX file. */
export interface OnnxModelOptions {
  /**
   * `training`: norms use the statistics of the batch; `evaluation`: running statistics, if any.
   */
  readonly mode: PassMode;
  /** Shape of a batch of inputs, [N, …]. */
  readonly shape: readonly number[];
  /** Name of the input. Default `input`. */
  readonly input?: string;
  /** Name of the output. Default `output`. */
  readonly output?: string;
}

/**
 * Writes a network as an ONNX model. Parameters are initializers under their own names. A norm that
 * ONNX has an operator for is one node; everything else is made of primitive operators. The axis N
 * is free if only shapes depend on it; otherwise it has the size in `shape`.
 *
 * @param network - The network.
 * @param parameters - Values of `network.parameters`, in their order.
 * @param buffers - Values of `network.buffers`, in their order.
 * @param options - Mode of the norms, shape of a batch, names of input and output.
 * @returns The bytes of the ONNX file.
 *
 * @example
 * ```ts
 * import { writeFileSync } from "node:fs";
 * import { initialBuffers, initialValues, mlp, onnxModel, Random } from "blindspot/nn";
 *
 * const net = mlp({ inputs: 4, hidden: [8], norm: "bn" });
 * const bytes = onnxModel(net, initialValues(net, new Random(0)), initialBuffers(net), {
 *   mode: "training",
 *   shape: [16, 4],
 * });
 * writeFileSync("mlp.onnx", bytes);
 * ```
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
      const result = network.replaceNorms({
        mode,
        parameters: args.slice(0, parameters.length),
        buffers: args.slice(parameters.length, values.length),
        x: args[values.length],
        replaceNorm: ({ norm, x }) => {
          if (!norm.operator?.(mode, x.shape)) return null;
          entering.push(x);
          return leaving[entering.length - 1];
        },
      });
      return [result, ...entering];
    };
    return { fn, stored, inputs: [spec], outputs: [output], cuts };
  };
  return modelFile(source, shape[0]);
}

/** The normalization layers that become nodes, in the order of a forward pass. */
function cutsOf(network: Network, mode: PassMode, values: readonly Tensor[], input: TensorSpec): Cut[] {
  const cuts: Cut[] = [];
  const replaceNorm = ({ name, norm, x }: NormCall) => {
    const operator = norm.operator?.(mode, x.shape);
    if (!operator) return null;
    cuts.push(cutAt(name, operator, x.shape));
    return x;
  };
  const count = network.parameters.length;
  evaluateShapes(
    (...args) => {
      const [parameters, buffers] = [args.slice(0, count), args.slice(count, values.length)];
      return [network.replaceNorms({ mode, parameters, buffers, x: args[values.length], replaceNorm })];
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
