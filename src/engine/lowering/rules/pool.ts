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
import { ABSENT, gatherTable, type IndexTable, readersTable, windowTable } from "./index-tables.js";
import type { Rule } from "./rule.js";

/**
 * Pooling. jax-js splits a pooling layer in two: `pool` turns the trailing axes into windows, and
 * `reduce` takes the largest element or the sum of each window. With leading axes […], two pooled
 * axes and one window each:
 *
 *     x [..., i1, i2]   ──pool──▶   windows [..., o1, o2, k1, k2]   ──reduce──▶   [..., o1, o2]
 *
 * Here o counts the positions of the window and k the elements within it. Where one ONNX operator
 * can compute both steps, `reduceWindows` emits it, and the windows are never stored.
 */
interface Geometry {
  /** Number of leading axes, which are not pooled. */
  readonly lead: number;
  /** Sizes of the pooled axes. */
  readonly input: readonly number[];
  readonly window: readonly number[];
  readonly strides: readonly number[];
}

const geometryOf = (
  shape: readonly number[],
  window: readonly number[],
  strides: readonly number[],
): Geometry => {
  const lead = shape.length - window.length;
  return { lead, input: shape.slice(lead), window, strides };
};

/** Number of window positions along each pooled axis. */
const positionsOf = ({ input, window, strides }: Geometry): number[] =>
  input.map((n, i) => Math.floor((n - window[i]) / strides[i]) + 1);

/**
 * Whether the windows tile the input: they do not overlap, and only elements after the last one are
 * skipped.
 */
const tiles = ({ window, strides }: Geometry): boolean => window.every((k, i) => k === strides[i]);

/** What a view of windows was made from, so that its reduction can be one pooling operator. */
const sourceOf = new WeakMap<View, { readonly x: View; readonly geometry: Geometry }>();

const pool: Rule<"pool"> = (g, [x], { window, strides }) => {
  const geometry = geometryOf(x.shape, window, strides);
  const view = tiles(geometry) ? tiledWindows(g, x, geometry) : gatheredWindows(g, x, geometry);
  sourceOf.set(view, { x, geometry });
  return [view];
};

/**
 * Windows that tile the input: each pooled axis of o·k elements splits into axes o and k where it
 * is stored. No data moves, unless elements after the last window must be cut off.
 */
function tiledWindows(g: GraphBuilder, x: View, geometry: Geometry): View {
  const { lead, window } = geometry;
  const order = naturalOrder(x);
  const value = materialize(g, x, order);
  const positions = positionsOf(geometry);
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
  return viewOf(g, ops.reshape(g, whole, split), splitAxes(order, geometry));
}

/**
 * The axes [..., o1, o2, k1, k2] of windows in the order of the axes of x, each o followed by its
 * k.
 */
function splitAxes(order: readonly number[], { lead, window }: Geometry): number[] {
  return order.flatMap((axis) => (axis < lead ? [axis] : [axis, axis + window.length]));
}

/**
 * Windows that overlap or leave gaps, stored as [o1, k1, k2, o2, ...]. With the leading axes
 * innermost, the gather copies long runs instead of single elements. With one axis of positions
 * before the axes of the window, ONNX Runtime reduces the window an order of magnitude faster.
 */
function gatheredWindows(g: GraphBuilder, x: View, geometry: Geometry): View {
  const { lead, input, window } = geometry;
  const planes = x.shape.slice(0, lead);
  const { indices } = windowTableOf(geometry);
  const value = materialize(g, x, [...range(input.length).map((i) => lead + i), ...range(lead)]);
  const flat = ops.reshape(g, value, [sizeOf(input), sizeOf(planes)]);
  const entries = storedEntries(geometry);
  const rows = Int32Array.from(entries, (entry) => indices[entry]);
  const gathered = gatherTable(g, flat, { axis: 0, indices: rows, shape: [rows.length] });
  const [first, ...rest] = positionsOf(geometry);
  return viewOf(g, ops.reshape(g, gathered, [first, ...window, ...rest, ...planes]), gatheredOrder(geometry));
}

/** The axes [..., o1, o2, k1, k2] of windows in the storage order [o1, k1, k2, o2, ...]. */
function gatheredOrder({ lead, window: { length: dims } }: Geometry): number[] {
  const [first, ...rest] = range(dims).map((i) => lead + i);
  return [first, ...range(dims).map((i) => lead + dims + i), ...rest, ...range(lead)];
}

/**
 * The (offset, position) pairs in the order in which gathered windows are stored, each as
 * offset · positions + position.
 */
function storedEntries(geometry: Geometry): Int32Array {
  const [first, ...rest] = positionsOf(geometry);
  const [offsets, columns] = [sizeOf(geometry.window), sizeOf(rest)];
  return Int32Array.from({ length: first * offsets * columns }, (_, i) => {
    const [row, offset, column] = [
      Math.floor(i / (offsets * columns)),
      Math.floor(i / columns) % offsets,
      i % columns,
    ];
    return (offset * first + row) * columns + column;
  });
}

function windowTableOf(geometry: Geometry): IndexTable {
  const { input, window, strides } = geometry;
  const positions = positionsOf(geometry);
  return windowTable(
    input.map((n, i) => ({
      input: n,
      offsets: window[i],
      positions: positions[i],
      stride: strides[i],
      before: 0,
      spread: 1,
      dilation: 1,
    })),
  );
}

/**
 * The adjoint of `pool`: every input element becomes the sum of the window elements that were read
 * from it.
 */
const poolTranspose: Rule<"pool_transpose"> = (g, [windows], { inShape, window, strides }) => {
  const geometry = geometryOf(inShape, window, strides);
  const { lead, input } = geometry;
  const positions = positionsOf(geometry);
  if (tiles(geometry)) {
    // The leading and position axes as the windows store them. Each position axis takes its window
    // axis in.
    const order = naturalOrder(windows).filter((axis) => axis < inShape.length);
    const value = materialize(g, windows, splitAxes(order, geometry));
    const extent = (axis: number) =>
      axis < lead ? inShape[axis] : positions[axis - lead] * window[axis - lead];
    const whole = ops.reshape(g, value, order.map(extent));
    const tail = order.map((axis): Pair => [0, inShape[axis] - extent(axis)]);
    return [viewOf(g, ops.pad(g, whole, tail), order)];
  }
  const { rows, indices } = readersTable(windowTableOf(geometry), sizeOf(input));
  const planes = inShape.slice(0, lead);
  const value = materialize(g, windows, gatheredOrder(geometry));
  const flat = ops.reshape(g, value, [sizeOf(window) * sizeOf(positions), sizeOf(planes)]);
  const storedAt = new Int32Array(sizeOf(window) * sizeOf(positions));
  storedEntries(geometry).forEach((entry, at) => {
    storedAt[entry] = at;
  });
  const readers = gatherTable(g, flat, {
    axis: 0,
    indices: indices.map((entry) => (entry === ABSENT ? ABSENT : storedAt[entry])),
    shape: [rows, sizeOf(input)],
  });
  const summed = ops.reshape(g, ops.reduce(g, "ReduceSum", readers, [0]), [...input, ...planes]);
  return [viewOf(g, summed, [...range(input.length).map((i) => lead + i), ...range(lead)])];
};

/**
 * The reduction of a view made by `pool` over its window axes, as one ONNX pooling operator:
 * MaxPool for the largest element, AveragePool times the window's size for the sum (float32 only).
 * Undefined where `x` is no view of windows, or where other axes are reduced.
 *
 * ONNX Runtime's MaxPool starts from the lowest finite number and skips NaN. A window of −∞
 * therefore gives the lowest finite number, and a window with a NaN gives the largest of its other
 * elements.
 */
export function reduceWindows(
  g: GraphBuilder,
  x: View,
  op: string,
  axes: readonly number[],
): View | undefined {
  const source = sourceOf.get(x);
  if (source === undefined) return undefined;
  const { window } = source.geometry;
  const dims = window.length;
  const outer = x.shape.length - dims;
  if (axes.length !== dims || axes.some((axis) => axis < outer) || dims > 3) return undefined;
  const dtype = dtypeOf(x);
  // The operators want the pooled axes innermost. Where they are not, reducing the windows is as
  // fast.
  const innermost = storedAxes(source.x).at(-1) ?? outer;
  if (innermost < source.geometry.lead) return undefined;
  if (op === "Max" && ops.isFloat(dtype)) return poolWith(g, "MaxPool", source.x, source.geometry);
  if (op !== "Add" || dtype !== "float32") return undefined;
  const count = g.scalar(sizeOf(window), dtype);
  const average = poolWith(g, "AveragePool", source.x, source.geometry);
  return mapStored(average, (value) => ops.elementwise(g, "Mul", [value, count]));
}

function poolWith(g: GraphBuilder, op: "MaxPool" | "AveragePool", x: View, geometry: Geometry): View {
  const { input, window, strides } = geometry;
  const value: Value = materialize(g, x);
  const lead = value.shape.slice(0, geometry.lead);
  const positions = positionsOf(geometry);
  const planes = ops.reshape(g, value, [sizeOf(lead), 1, ...input]);
  const type = { dtype: value.dtype, shape: [sizeOf(lead), 1, ...positions] };
  const pooled = g.node(op, [planes], type, { attributes: { kernel_shape: window, strides } });
  return viewOf(g, ops.reshape(g, pooled, [...lead, ...positions]));
}

export const poolRules = { pool, pool_transpose: poolTranspose } satisfies {
  [P in "pool" | "pool_transpose"]: Rule<P>;
};
