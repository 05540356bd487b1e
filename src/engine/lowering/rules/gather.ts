import { sizeOf } from "../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import { broadcast, dtypeOf, materialize, naturalOrder, range, type View, viewOf } from "../../graph/view.js";
import type { Rule } from "./rule.js";

const gather: Rule<"gather"> = (g, [x, ...indices], { axis, outDim }) => {
  const shape = indices.map((v) => v.shape).reduce(ops.broadcastShapes);
  const rest = range(x.shape.length).filter((i) => !axis.includes(i));
  if (axis.length === 1) return [gatherOne(g, x, axis[0], broadcast(indices[0], shape), outDim)];
  const stored = materialize(g, x, [...axis, ...rest]);
  const coordinates = coordinatesOf(g, indices, shape);
  const type = { dtype: stored.dtype, shape: [...shape, ...rest.map((i) => x.shape[i])] };
  const gathered = g.node("GatherND", [stored, coordinates], type);
  return [viewOf(g, gathered, resultOrder(rest.length, shape.length, outDim))];
};

/** Along one axis, in whatever layout x has. */
function gatherOne(g: GraphBuilder, x: View, axis: number, index: View, outDim: number): View {
  const rank = index.shape.length;
  const order = naturalOrder(x);
  const at = order.indexOf(axis);
  const gathered = ops.gather(g, materialize(g, x, order), materialize(g, index), at);
  // Where axis `i` of x is in the result: without the indexed axis, around the index axes.
  const kept = (i: number): number => {
    const position = i - (i > axis ? 1 : 0);
    return position < outDim ? position : position + rank;
  };
  const resultAxes = order.flatMap((i) => (i === axis ? range(rank).map((r) => outDim + r) : [kept(i)]));
  return viewOf(g, gathered, resultAxes);
}

/** Logical axes of a result stored as [...indices, ...rest], the index axes starting at `outDim`. */
function resultOrder(rest: number, indexRank: number, outDim: number): number[] {
  const index = range(indexRank).map((i) => outDim + i);
  return [...index, ...range(rest).map((i) => (i < outDim ? i : i + indexRank))];
}

/** Index arrays side by side: [...shape, number of arrays], as GatherND and ScatterND read them. */
function coordinatesOf(g: GraphBuilder, indices: readonly View[], shape: readonly number[]): Value {
  const columns = indices.map((index) => {
    const full = materialize(g, broadcast(index, shape));
    return ops.cast(g, ops.reshape(g, full, [...shape, 1]), "int64");
  });
  return ops.concat(g, columns, shape.length);
}

/** Updates written into zeros; where indices repeat, `add` sums them. */
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
