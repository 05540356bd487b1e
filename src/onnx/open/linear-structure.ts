import { sizeOf } from "../../base/tensor.js";
import {
  broadcastTo,
  dtypeOf,
  full,
  jvp,
  mul,
  reshape,
  square,
  sum,
  type Traced,
} from "../../engine/lang/index.js";
import type { InputEnergy, WeightRows } from "../../measure/linear-op.js";
import type { Evaluation } from "../evaluation.js";
import type { OnnxNode } from "../model.js";
import type { LinearOpNodes } from "./linear-op-nodes.js";

/** The axes of a linear node that run over weight rows. */
interface RowAxes {
  /** Number of rows. */
  readonly count: number;
  /** Axis of the node's output. */
  readonly output: number;
  /** Axis of the weight; null where rows lie in blocks of two axes. */
  readonly weight: number | null;
}

/** The rows of the weight that the linear node reads; null where the weight is no list of rows. */
function rowAxes({ nodes: [node], operand }: LinearOpNodes, evaluation: Evaluation): RowAxes | null {
  const { shape } = evaluation.traced(operand);
  const rank = evaluation.traced(node.outputs[0]).ndim;
  if (node.op === "Conv") return { count: shape[0], output: 1, weight: 0 };
  if (node.op === "ConvTranspose") {
    const groups = node.attributes.number("group", 1);
    return { count: shape[1] * groups, output: 1, weight: groups === 1 ? 1 : null };
  }
  if (shape.length !== 2 || rank < 2) return null;
  const isLeft = node.inputs[0] === operand;
  const isTransposed = node.op === "Gemm" && node.attributes.number(isLeft ? "transA" : "transB", 0) !== 0;
  const weight = isLeft === isTransposed ? 1 : 0;
  return { count: shape[weight], output: isLeft ? rank - 2 : rank - 1, weight };
}

/** The weight row that makes each element of the linear op's result. */
export function weightRows(linear: LinearOpNodes, evaluation: Evaluation): WeightRows | null {
  const [node, ...others] = linear.nodes;
  const axes = rowAxes(linear, evaluation);
  if (axes === null) return null;
  const { shape } = evaluation.traced(node.outputs[0]);
  const { count, weight } = axes;
  let inner: number | null = sizeOf(shape.slice(axes.output + 1));
  let value = node.outputs[0];
  for (const next of others) {
    inner = inner && innerAfter(next, { count, inner }, { evaluation, value });
    value = next.outputs[0];
  }
  return inner === null ? null : { count, inner, axis: weight };
}

/** The distance in memory between rows after one more node; null where it is not known. */
function innerAfter(
  node: OnnxNode,
  { count, inner }: { readonly count: number; readonly inner: number },
  { evaluation, value }: { readonly evaluation: Evaluation; readonly value: string },
): number | null {
  const from = evaluation.traced(value).shape;
  const to = evaluation.traced(node.outputs[0]).shape;
  if (sizeOf(from) !== sizeOf(to)) return null;
  if (node.op !== "Transpose") return inner;
  const axis = from.findIndex((n, i) => n === count && sizeOf(from.slice(i + 1)) === inner);
  if (axis < 0) return null;
  const order = node.attributes.numbers("perm") ?? [...from.keys()].reverse();
  return sizeOf(to.slice(order.indexOf(axis) + 1));
}

/**
 * The energy of the inputs of a linear op. Each element of its result reads each weight at most
 * once, so the squared length of its row of J is the sum of squares of the inputs it reads. The
 * linear node itself computes these sums, from squared inputs and a weight of ones. The sum is the
 * same for all rows of a block, so inputs are summed within blocks first, and one row is left for
 * each block. `evaluation` holds the operands of the op.
 */
export function inputEnergy(linear: LinearOpNodes, evaluation: Evaluation): InputEnergy {
  const [node] = linear.nodes;
  const energy = nodeEnergy(linear, evaluation);
  const axes = rowAxes(linear, evaluation);
  const perRow = () => {
    if (axes === null) return null;
    const sums = sum(
      energy,
      [...energy.shape.keys()].filter((axis) => axis !== axes.output),
    );
    const blocks = sums.size;
    const repeated = broadcastTo(reshape(sums, [blocks, 1]), [blocks, axes.count / blocks]);
    return reshape(repeated, [axes.count]);
  };
  return {
    perRow: perRow(),
    perElement: () => {
      const { shape } = evaluation.traced(node.outputs[0]);
      return carried(linear, evaluation, repeatRows(energy, axes, shape));
    },
  };
}

/** Repeats the row of each block for every row of the block. */
function repeatRows(energy: Traced, axes: RowAxes | null, shape: readonly number[]): Traced {
  if (axes === null) return broadcastTo(energy, shape);
  const [before, after] = [shape.slice(0, axes.output), shape.slice(axes.output + 1)];
  const blocks = energy.shape[axes.output];
  const split = reshape(energy, [...before, blocks, 1, ...after]);
  return reshape(broadcastTo(split, [...before, blocks, axes.count / blocks, ...after]), shape);
}

/** The energy at the output of the linear node, with one row for each block of rows. */
function nodeEnergy(
  { nodes: [node], operand, data: dataName }: LinearOpNodes,
  evaluation: Evaluation,
): Traced {
  const data = evaluation.traced(dataName);
  const dtype = dtypeOf(data);
  const isConvolution = node.op === "Conv" || node.op === "ConvTranspose";
  const blocks = node.attributes.number("group", 1);
  const ones = (shape: readonly number[]) => full(shape, 1, dtype);
  const weightShape = evaluation.traced(operand).shape;
  const values = new Map<string, Traced>();
  if (isConvolution) {
    const [batch, channels, ...positions] = data.shape as [number, number, ...number[]];
    const grouped = reshape(square(data), [batch, blocks, channels / blocks, ...positions]);
    values.set(dataName, sum(grouped, [2]));
    values.set(operand, ones([blocks, 1, ...weightShape.slice(2)]));
  } else {
    values.set(dataName, sum(square(data), [summedAxis(node, dataName, data.ndim)], { keepdims: true }));
    values.set(operand, ones([1, 1]));
  }
  const bias = node.inputs[2];
  if (bias) values.set(bias, full([1], 0, dtype));
  const scope = evaluation.with(values);
  scope.run(node);
  const energy = scope.traced(node.outputs[0]);
  // The node has multiplied by alpha once; rows of J are multiplied by it, so their squares twice.
  return node.op === "Gemm" ? mul(energy, node.attributes.number("alpha", 1)) : energy;
}

/** The axis of the data that a matrix product sums over. */
function summedAxis(node: OnnxNode, data: string, rank: number): number {
  const isLeft = node.inputs[0] === data;
  const isTransposed = node.op === "Gemm" && node.attributes.number(isLeft ? "transA" : "transB", 0) !== 0;
  if (rank === 1) return 0;
  return isLeft === isTransposed ? rank - 2 : rank - 1;
}

/** A value at the output of the linear node, moved by the changes of shape that follow it. */
function carried(
  { nodes: [node, ...others], result }: LinearOpNodes,
  evaluation: Evaluation,
  value: Traced,
): Traced {
  if (others.length === 0) return value;
  const follow = (moved: Traced) => {
    const scope = evaluation.with(new Map([[node.outputs[0], moved]]));
    for (const other of others) scope.run(other);
    return [scope.traced(result)];
  };
  const { tangent } = jvp(follow, [full(value.shape, 0, dtypeOf(value))], [value]);
  // A constant minus the value turns its sign.
  return others.some(({ op }) => op === "Sub") ? mul(tangent[0], turned(others, node)) : tangent[0];
}

/** 1, or −1 where an odd number of the nodes subtract the value from a constant. */
function turned(nodes: readonly OnnxNode[], linear: OnnxNode): 1 | -1 {
  let value = linear.outputs[0];
  let sign: 1 | -1 = 1;
  for (const node of nodes) {
    if (node.op === "Sub" && node.inputs[1] === value) sign = sign === 1 ? -1 : 1;
    value = node.outputs[0];
  }
  return sign;
}
