import { showShape } from "../../base/tensor.js";
import type { Traced } from "../../engine/lang/index.js";
import * as lang from "../../engine/lang/index.js";
import type { NodeContext, Op, OpTable } from "./context.js";
import { windowOf } from "./window.js";

/** alpha·A·B + beta·C, with A and B transposed if the attributes ask for it. */
const gemm: Op = (node) => {
  const side = (input: number, attribute: string): Traced => {
    const x = node.tensor(input);
    if (x.ndim !== 2) throw node.error(`input ${input} must be a matrix, got ${showShape(x.shape)}`);
    return node.attributes.number(attribute, 0) ? lang.transpose(x, [1, 0]) : x;
  };
  const [a, b] = [side(0, "transA"), side(1, "transB")];
  if (a.shape[1] !== b.shape[0]) throw node.error(mismatch(a, b));
  const product = scaled(lang.matmul(a, b), node.attributes.number("alpha", 1));
  return node.has(2) ? lang.add(product, scaled(node.tensor(2), node.attributes.number("beta", 1))) : product;
};

const scaled = (x: Traced, factor: number): Traced => (factor === 1 ? x : lang.mul(x, factor));

const mismatch = (a: Traced, b: Traced): string =>
  `cannot multiply ${showShape(a.shape)} by ${showShape(b.shape)}`;

const matmul: Op = (node) => {
  const [a, b] = [node.tensor(0), node.tensor(1)];
  if (a.shape.at(-1) !== b.shape.at(Math.max(-2, -b.ndim))) throw node.error(mismatch(a, b));
  return lang.matmul(a, b);
};

/** Adds an optional bias, one number per channel, to y [N, C, …]. */
const addBias = (node: NodeContext, y: Traced, input: number): Traced => {
  if (!node.has(input)) return y;
  const bias = node.tensor(input);
  return lang.add(y, lang.reshape(bias, [bias.shape[0], ...y.shape.slice(2).map(() => 1)]));
};

const conv: Op = (node) => {
  const [x, w] = [node.tensor(0), node.tensor(1)];
  const groups = node.attributes.number("group", 1);
  if (x.ndim !== w.ndim || x.shape[1] !== w.shape[1] * groups)
    throw node.error(
      `weight ${showShape(w.shape)} with ${groups} group(s) does not fit input ${showShape(x.shape)}`,
    );
  const { strides, padding, dilations } = windowOf(node, x.shape.slice(2), w.shape.slice(2));
  return addBias(node, lang.conv(x, w, { strides, padding, dilations, groups }), 2);
};

const convTranspose: Op = (node) => {
  const [x, w] = [node.tensor(0), node.tensor(1)];
  const groups = node.attributes.number("group", 1);
  if (x.ndim !== w.ndim || x.shape[1] !== w.shape[0])
    throw node.error(`weight ${showShape(w.shape)} does not fit input ${showShape(x.shape)}`);
  const input = x.shape.slice(2);
  const kernel = w.shape.slice(2);
  const attribute = (name: string, otherwise: number) =>
    node.attributes.numbers(name) ?? kernel.map(() => otherwise);
  const strides = attribute("strides", 1);
  const dilations = attribute("dilations", 1);
  const outputPadding = attribute("output_padding", 0);
  const padding = transposedPadding(node, input, kernel, { strides, dilations, outputPadding });
  const y = lang.convTranspose(x, w, { strides, padding, dilations, groups }, outputPadding);
  return addBias(node, y, 2);
};

/**
 * Padding of a transposed convolution (ONNX specification of ConvTranspose). `output_shape` fixes
 * the size of the output; `auto_pad` SAME fixes it at input · stride. The total padding then
 * follows from
 *
 *     size = (input − 1)·stride + outputPadding + (kernel − 1)·dilation + 1 − padding
 *
 * If it is odd, SAME_UPPER puts the larger half at the end; other modes put it at the start.
 */
function transposedPadding(
  node: NodeContext,
  input: readonly number[],
  kernel: readonly number[],
  { strides, dilations, outputPadding }: Record<"strides" | "dilations" | "outputPadding", readonly number[]>,
): (readonly [number, number])[] {
  const auto = node.attributes.string("auto_pad", "NOTSET");
  const asked = node.attributes.numbers("output_shape")?.slice(-kernel.length);
  const pads = node.attributes.numbers("pads");
  return kernel.map((k, i) => {
    if (!asked && !auto.startsWith("SAME")) return [pads?.[i] ?? 0, pads?.[i + kernel.length] ?? 0];
    const size = asked?.[i] ?? input[i] * strides[i];
    const total = strides[i] * (input[i] - 1) + outputPadding[i] + (k - 1) * dilations[i] + 1 - size;
    const half = Math.floor(total / 2);
    return auto === "SAME_UPPER" ? [half, total - half] : [total - half, half];
  });
}

const einsum: Op = (node) => {
  const equation = node.attributes.string("equation", "").replace(/\s/g, "");
  if (equation.includes("."))
    throw node.error(
      `equation "${equation}" with an ellipsis is not supported; name every axis in the equation`,
    );
  return lang.einsum(
    equation,
    node.node.inputs.map((_, i) => node.tensor(i)),
  );
};

export const linearOps: OpTable = {
  Gemm: gemm,
  MatMul: matmul,
  Conv: conv,
  ConvTranspose: convTranspose,
  Einsum: einsum,
};
