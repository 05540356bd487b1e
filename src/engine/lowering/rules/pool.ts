import { sizeOf } from "../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import {
  dtypeOf,
  mapStored,
  materialize,
  naturalOrder,
  range,
  storedAxes,
  type View,
  viewOf,
} from "../../graph/view.js";
import type { Pair } from "../../tracing/primitives.js";
import type { Rule } from "./rule.js";
import { convolutionTable, gatherTable, type Table, transposeTable } from "./tables.js";

interface Windows {
  readonly x: View;
  readonly window: readonly number[];
  readonly strides: readonly number[];
}

/** Where a view of windows came from, so that reducing it can be one pooling operator. */
const windowsOf = new WeakMap<View, Windows>();

const positionsOf = (
  input: readonly number[],
  window: readonly number[],
  strides: readonly number[],
): number[] => input.map((n, i) => Math.floor((n - window[i]) / strides[i]) + 1);

/** Windows that tile the input: nothing is read twice, and only a ragged tail not at all. */
const tiles = (window: readonly number[], strides: readonly number[]): boolean =>
  window.every((k, i) => k === strides[i]);

const pool: Rule<"pool"> = (g, [x], { window, strides }) => {
  const lead = x.shape.length - window.length;
  const view = tiles(window, strides)
    ? tiledWindows(g, x, lead, window)
    : gatheredWindows(g, x, lead, window, strides);
  windowsOf.set(view, { x: x, window, strides });
  return [view];
};

/**
 * [..., o·k] seen as [..., o, k], all o before all k, in whatever layout x has: each axis splits where it is stored. No
 * data moves but for a ragged tail.
 */
function tiledWindows(g: GraphBuilder, x: View, lead: number, window: readonly number[]): View {
  const order = naturalOrder(x);
  const value = materialize(g, x, order);
  const positions = positionsOf(x.shape.slice(lead), window, window);
  const whole = ops.slice(
    g,
    value,
    order.map(
      (axis): Pair => [0, axis < lead ? x.shape[axis] : positions[axis - lead] * window[axis - lead]],
    ),
  );
  const split = order.flatMap((axis) =>
    axis < lead ? [x.shape[axis]] : [positions[axis - lead], window[axis - lead]],
  );
  return viewOf(g, ops.reshape(g, whole, split), splitAxes(order, lead, window.length));
}

/** Logical axes [..., o1, o2, k1, k2] in the order of x's axes, each o followed by its k. */
function splitAxes(order: readonly number[], lead: number, dims: number): number[] {
  return order.flatMap((axis) => (axis < lead ? [axis] : [axis, axis + dims]));
}

/**
 * Overlapping or sparse windows, stored as [taps, positions, ...]: with the leading axes innermost, a gather copies long
 * runs instead of single elements.
 */
function gatheredWindows(
  g: GraphBuilder,
  x: View,
  lead: number,
  window: readonly number[],
  strides: readonly number[],
): View {
  const input = x.shape.slice(lead);
  const planes = x.shape.slice(0, lead);
  const { taps, positions, indices } = tableOf(input, window, strides);
  const value = materialize(g, x, [...range(input.length).map((i) => lead + i), ...range(lead)]);
  const flat = ops.reshape(g, value, [sizeOf(input), sizeOf(planes)]);
  const gathered = gatherTable(g, flat, 0, indices, [taps, positions]);
  const stored = [...window, ...positionsOf(input, window, strides), ...planes];
  return viewOf(g, ops.reshape(g, gathered, stored), gatheredOrder(lead, window.length));
}

/** Logical axes [..., o1, o2, k1, k2] in the storage order [k1, k2, o1, o2, ...]. */
function gatheredOrder(lead: number, dims: number): number[] {
  return [...range(dims).map((i) => lead + dims + i), ...range(dims).map((i) => lead + i), ...range(lead)];
}

function tableOf(input: readonly number[], window: readonly number[], strides: readonly number[]): Table {
  const positions = positionsOf(input, window, strides);
  return convolutionTable(
    input.map((n, i) => ({
      input: n,
      taps: window[i],
      positions: positions[i],
      stride: strides[i],
      before: 0,
      spread: 1,
      dilation: 1,
    })),
  );
}

/** The axes [..., o1, o2] of a view of windows as stored, those it does not store in front. */
function joinedOrder(windows: View, lead: number, dims: number): number[] {
  return naturalOrder(windows).filter((axis) => axis < lead + dims);
}

/** Every input element becomes the sum of the window elements that were read from it. */
const poolTranspose: Rule<"pool_transpose"> = (g, [windows], { inShape, window, strides }) => {
  const lead = inShape.length - window.length;
  const input = inShape.slice(lead);
  const positions = positionsOf(input, window, strides);
  if (tiles(window, strides)) {
    const order = joinedOrder(windows, lead, window.length);
    const value = materialize(g, windows, splitAxes(order, lead, window.length));
    const extent = (axis: number) =>
      axis < lead ? inShape[axis] : positions[axis - lead] * window[axis - lead];
    const whole = ops.reshape(g, value, order.map(extent));
    const tail = order.map((axis): Pair => [0, inShape[axis] - extent(axis)]);
    return [viewOf(g, ops.pad(g, whole, tail), order)];
  }
  const { rows, indices } = transposeTable(tableOf(input, window, strides), sizeOf(input));
  const planes = inShape.slice(0, lead);
  const value = materialize(g, windows, gatheredOrder(lead, window.length));
  const flat = ops.reshape(g, value, [sizeOf(window) * sizeOf(positions), sizeOf(planes)]);
  const spread = gatherTable(g, flat, 0, indices, [rows, sizeOf(input)]);
  const summed = ops.reshape(g, ops.reduce(g, "ReduceSum", spread, [0]), [...input, ...planes]);
  return [viewOf(g, summed, [...range(input.length).map((i) => lead + i), ...range(lead)])];
};

/**
 * The reduction over the window axes of a view made by `pool` as one ONNX pooling operator: the largest element, or the
 * sum as average times count (float32 only). Undefined where `x` is no such view.
 *
 * ONNX Runtime's MaxPool starts from the lowest finite number and skips NaN: a window of −∞ only gives that number, a
 * NaN gives the largest of its neighbours.
 */
export function reduceWindows(
  g: GraphBuilder,
  x: View,
  op: string,
  axes: readonly number[],
): View | undefined {
  const windows = windowsOf.get(x);
  if (windows === undefined) return undefined;
  const { window } = windows;
  const dims = window.length;
  const outer = x.shape.length - dims;
  if (axes.length !== dims || axes.some((axis) => axis < outer) || dims > 3) return undefined;
  const dtype = dtypeOf(x);
  // With positions stored inside, the pooling operators do not apply and reducing the windows is as good.
  const innermost = storedAxes(windows.x).at(-1) ?? outer;
  if (innermost < windows.x.shape.length - dims) return undefined;
  if (op === "Max" && ops.isFloat(dtype)) return poolWith(g, "MaxPool", windows);
  if (op !== "Add" || dtype !== "float32") return undefined;
  const count = g.scalar(sizeOf(window), dtype);
  const average = poolWith(g, "AveragePool", windows);
  return mapStored(average, (value) => ops.elementwise(g, "Mul", [value, count]));
}

function poolWith(g: GraphBuilder, op: "MaxPool" | "AveragePool", { x, window, strides }: Windows): View {
  const value: Value = materialize(g, x);
  const lead = value.shape.slice(0, value.shape.length - window.length);
  const input = value.shape.slice(lead.length);
  const positions = positionsOf(input, window, strides);
  const planes = ops.reshape(g, value, [sizeOf(lead), 1, ...input]);
  const type = { dtype: value.dtype, shape: [sizeOf(lead), 1, ...positions] };
  const pooled = g.node(op, [planes], type, { attributes: { kernel_shape: window, strides } });
  return viewOf(g, ops.reshape(g, pooled, [...lead, ...positions]));
}

export const poolRules = { pool, pool_transpose: poolTranspose } satisfies {
  [P in "pool" | "pool_transpose"]: Rule<P>;
};
