import { sizeOf } from "../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import { broadcast, dtypeOf, materialize, naturalOrder, range, type View, viewOf } from "../../graph/view.js";
import type { Rule } from "./rule.js";

/**
 * x indexed along several axes at once, by index arrays that broadcast against each other. The
 * result has the indexed axes replaced by the axes of the index arrays, which start at `outDim`.
 */
const gather: Rule<"gather"> = (g, [x, ...indices], { axis, outDim }) => {
  const shape = indices.map((v) => v.shape).reduce(ops.broadcastShapes);
  const rest = range(x.shape.length).filter((i) => !axis.includes(i));
  if (axis.length === 1)
    return [gatherAlong(g, x, { axis: axis[0], index: broadcast(indices[0], shape), outDim })];
  const stored = materialize(g, x, [...axis, ...rest]);
  const coordinates = coordinatesOf(g, indices, shape);
  const type = { dtype: stored.dtype, shape: [...shape, ...rest.map((i) => x.shape[i])] };
  const gathered = g.node("GatherND", [stored, coordinates], type);
  return [viewOf(g, gathered, resultOrder(rest.length, shape.length, outDim))];
};

interface SingleGather {
  readonly axis: number;
  readonly index: View;
  /** The first axis of the result that is an axis of `index`. */
  readonly outDim: number;
}

/** x indexed along one axis. x stays in the layout in which it is stored. */
function gatherAlong(g: GraphBuilder, x: View, { axis, index, outDim }: SingleGather): View {
  const rank = index.shape.length;
  const order = naturalOrder(x);
  const at = order.indexOf(axis);
  const gathered = ops.gather(g, materialize(g, x, order), materialize(g, index), at);
  // The axis of the result that holds axis `i` of x: the indexed axis is gone, the index axes are
  // inserted.
  const kept = (i: number): number => {
    const position = i - (i > axis ? 1 : 0);
    return position < outDim ? position : position + rank;
  };
  const resultAxes = order.flatMap((i) => (i === axis ? range(rank).map((r) => outDim + r) : [kept(i)]));
  return viewOf(g, gathered, resultAxes);
}

/**
 * The logical axes of a result that is stored as [index axes…, rest…]. The logical index axes start
 * at `outDim`; `rest` is the number of other axes.
 */
function resultOrder(rest: number, indexRank: number, outDim: number): number[] {
  const index = range(indexRank).map((i) => outDim + i);
  return [...index, ...range(rest).map((i) => (i < outDim ? i : i + indexRank))];
}

/**
 * The index arrays side by side, [...shape, number of arrays], as GatherND and ScatterND take them.
 */
function coordinatesOf(g: GraphBuilder, indices: readonly View[], shape: readonly number[]): Value {
  const columns = indices.map((index) => {
    const full = materialize(g, broadcast(index, shape));
    return ops.cast(g, ops.reshape(g, full, [...shape, 1]), "int64");
  });
  return ops.concat(g, columns, shape.length);
}

/**
 * The updates written into zeros, the adjoint of `gather`. Where indices repeat, `add` sums the
 * updates.
 */
const scatter: Rule<"scatter"> = (g, [updates, ...indices], { op, shape, axis, outDim }) => {
  const indexShape = indices.map((v) => v.shape).reduce(ops.broadcastShapes);
  const rest = range(shape.length).filter((i) => !axis.includes(i));
  const order = [...axis, ...rest];
  const stored = materialize(g, updates, resultOrder(rest.length, indexShape.length, outDim));
  const coordinates = coordinatesOf(g, indices, indexShape);
  const target = order.map((i) => shape[i]);
  const dtype = dtypeOf(updates);
  if (dtype === "int64") throw new Error("scatter of int64 values");
  const zeros = ops.filled(g, 0, dtype, target);
  const attributes = { reduction: op === "add" ? "add" : "none" };
  const type = { dtype, shape: target };
  if (sizeOf(indexShape) === 0) return [viewOf(g, zeros, order)];
  const scattered = g.node("ScatterND", [zeros, coordinates, stored], type, { attributes });
  return [viewOf(g, scattered, order)];
};

export const gatherRules = { gather, scatter } satisfies { [P in "gather" | "scatter"]: Rule<P> };
