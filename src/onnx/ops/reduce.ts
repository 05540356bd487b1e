import type { Traced } from "../../engine/lang/index.js";
import * as lang from "../../engine/lang/index.js";
import { reduceHost } from "../values/host.js";
import { isSumOfSquares, noteSquares } from "../values/squares.js";
import { isHost } from "../values/value.js";
import type { NodeContext, Op, OpTable } from "./context.js";

type Reduction = (x: Traced, axes: readonly number[]) => Traced;

const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/**
 * The axes to reduce, from the attribute or the second input. Without them: all axes, or none with
 * `noop_with_empty_axes`.
 */
function reducedAxes(node: NodeContext, rank: number): number[] {
  const given = node.axes("axes", 1);
  if (given?.length) return given.map((a) => node.axis(a, rank));
  return node.attributes.number("noop_with_empty_axes", 0) ? [] : Array.from({ length: rank }, (_, i) => i);
}

/**
 * An op that reduces axes: `host` for known numbers, `traced` (which keeps the axes) for tensors.
 */
const reduction =
  (traced: Reduction, host: (values: readonly number[]) => number): Op =>
  (node) => {
    const x = node.value(0);
    const axes = reducedAxes(node, x.shape.length);
    const keepdims = node.attributes.number("keepdims", 1) === 1;
    if (isHost(x)) return reduceHost(x, { axes, keepdims }, host);
    const kept = traced(x, axes);
    const shape = x.shape.filter((_, i) => !axes.includes(i));
    const result = keepdims ? kept : lang.reshape(kept, shape);
    const { op } = node.node;
    return noteSquares(result, op === "ReduceSumSquare" || (SUMS.has(op) && isSumOfSquares(x)));
  };

/** Reductions whose results are sums of squares where their operands are. */
const SUMS = new Set(["ReduceSum", "ReduceMean"]);

/**
 * ReduceMax or ReduceMin. Tied elements share the cotangent, as in PyTorch's amax. If the graph
 * also takes the index of the extremum, it was exported from max(dim), where the first one gets
 * all.
 */
const extremum =
  (
    index: "ArgMax" | "ArgMin",
    { shared, first }: { readonly shared: Reduction; readonly first: Reduction },
  ) =>
  (host: (values: readonly number[]) => number): Op =>
  (node) => {
    const rank = node.value(0).shape.length;
    const indexed = node.scope.model.nodes.some((other) => {
      if (other.op !== index || other.inputs[0] !== node.node.inputs[0]) return false;
      const axes = reducedAxes(node, rank);
      const axis = other.attributes.number("axis", 0);
      return axes.length === 1 && axes[0] === (axis < 0 ? axis + rank : axis);
    });
    return reduction(indexed ? first : shared, host)(node);
  };

const keepdims = { keepdims: true };
const sum: Reduction = (x, axes) => lang.sum(x, axes, keepdims);

/** log Σ e^x. Subtracts the largest element first; it cancels, so its gradient is left out. */
const logSumExp: Reduction = (x, axes) => {
  const largest = lang.amax(lang.stopGradient(x), axes, keepdims);
  // The difference of two infinities would be NaN.
  const infinite = lang.equal(lang.abs(largest), Number.POSITIVE_INFINITY);
  const top = lang.where(infinite, 0, largest);
  return lang.add(lang.log(sum(lang.exp(lang.sub(x, top)), axes)), top);
};

/**
 * Index of the largest or smallest element; `select_last_index` asks for the last of equal ones.
 */
const argument =
  (pick: (x: Traced, axis: number) => Traced): Op =>
  (node) => {
    const x = node.traced(0);
    const axis = node.axis(node.attributes.number("axis", 0), x.ndim);
    const last = node.attributes.number("select_last_index", 0) === 1;
    const size = x.shape[axis];
    const index = last ? lang.sub(size - 1, pick(lang.flip(x, [axis]), axis)) : pick(x, axis);
    return node.attributes.number("keepdims", 1) ? lang.reshape(index, x.shape.toSpliced(axis, 1, 1)) : index;
  };

export const reduceOps: OpTable = {
  ReduceSum: reduction(sum, sumOf),
  ReduceMean: reduction(
    (x, axes) => lang.mean(x, axes, keepdims),
    (v) => sumOf(v) / v.length,
  ),
  ReduceMax: extremum("ArgMax", {
    shared: (x, axes) => lang.amax(x, axes, keepdims),
    first: (x, axes) => lang.firstMax(x, axes, keepdims),
  })((v) => Math.max(...v)),
  ReduceMin: extremum("ArgMin", {
    shared: (x, axes) => lang.amin(x, axes, keepdims),
    first: (x, axes) => lang.firstMin(x, axes, keepdims),
  })((v) => Math.min(...v)),
  ReduceProd: reduction(
    (x, axes) => lang.prod(x, axes, keepdims),
    (v) => v.reduce((a, b) => a * b, 1),
  ),
  ReduceL1: reduction(
    (x, axes) => sum(lang.abs(x), axes),
    (v) => sumOf(v.map(Math.abs)),
  ),
  ReduceL2: reduction(
    (x, axes) => lang.rootOfPowers(sum(lang.square(x), axes)),
    (v) => Math.hypot(...v),
  ),
  ReduceSumSquare: reduction(
    (x, axes) => sum(lang.square(x), axes),
    (v) => sumOf(v.map((a) => a * a)),
  ),
  ReduceLogSum: reduction(
    (x, axes) => lang.log(sum(x, axes)),
    (v) => Math.log(sumOf(v)),
  ),
  ReduceLogSumExp: reduction(logSumExp, (v) => Math.log(sumOf(v.map(Math.exp)))),
  ArgMax: argument((x, axis) => lang.argmax(x, axis)),
  ArgMin: argument((x, axis) => lang.argmin(x, axis)),
};
