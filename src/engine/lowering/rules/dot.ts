import { sizeOf } from "../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import {
  broadcast,
  dtypeOf,
  mapStored,
  materialize,
  range,
  storedAxes,
  type View,
  viewOf,
  zip,
} from "../../graph/view.js";
import { dropAxes, repeated } from "./reduce.js";
import type { Rule } from "./rule.js";

/**
 * Σₖ x·y over the last axis. Every other axis is stored by both operands (batch), by one (rows or columns of
 * a matrix product) or by none, so the broadcasts that a matrix product is spelled with never happen.
 */
const dot: Rule<"dot"> = (g, [a, b]) => {
  const shape = ops.broadcastShapes(a.shape, b.shape);
  const [x, y] = [broadcast(a, shape), broadcast(b, shape)];
  const k = shape.length - 1;
  const [xHasK, yHasK] = [x.axes[k] != null, y.axes[k] != null];
  if (!xHasK && !yHasK) {
    const products = zip(g, [dropLast(x), dropLast(y)], (p, q) => ops.elementwise(g, "Mul", [p, q]));
    return [mapStored(products, (value) => repeated(g, value, "Add", shape[k]))];
  }
  if (!xHasK || !yHasK) {
    const [full, constant] = xHasK ? [x, y] : [y, x];
    return [zip(g, [sumLast(g, full), dropLast(constant)], (p, q) => ops.elementwise(g, "Mul", [p, q]))];
  }
  const axes = range(k);
  const batch = axes.filter((i) => x.axes[i] != null && y.axes[i] != null);
  const rows = axes.filter((i) => x.axes[i] != null && y.axes[i] == null);
  const columns = axes.filter((i) => x.axes[i] == null && y.axes[i] != null);
  if (rows.length === 0 && columns.length === 0)
    return [
      sumLast(
        g,
        zip(g, [x, y], (p, q) => ops.elementwise(g, "Mul", [p, q])),
      ),
    ];
  const inOrderOf = (view: View, some: number[]) => storedAxes(view).filter((axis) => some.includes(axis));
  const m = inOrderOf(x, rows);
  const n = inOrderOf(y, columns);
  const batched = inOrderOf(sizeOf(x.value.shape) >= sizeOf(y.value.shape) ? x : y, batch);
  if (batch.length === 0) {
    const inPlace = fewRows(g, x, y, m, n, k) ?? fewRows(g, y, x, n, m, k);
    if (inPlace !== undefined) return [resultOf(g, inPlace.product, inPlace.order, shape)];
  }
  const product =
    batch.length === 0 ? flatProduct(g, x, y, m, n, k) : batchProduct(g, x, y, batched, m, n, k);
  return [resultOf(g, product, [...batched, ...m, ...n], shape)];
};

/** The product as a view: its axes are `order`, and the last one of `shape` is summed away. */
function resultOf(g: GraphBuilder, product: Value, order: readonly number[], shape: readonly number[]): View {
  const stored = viewOf(
    g,
    ops.reshape(
      g,
      product,
      order.map((axis) => shape[axis]),
    ),
  );
  const positions = shape.slice(0, -1).map((_, axis) => order.indexOf(axis));
  return {
    value: stored.value,
    shape: shape.slice(0, -1),
    axes: positions.map((at) => (at < 0 ? null : stored.axes[at]!)),
  };
}

const sizeAlong = (view: View, axes: readonly number[]): number =>
  sizeOf(axes.map((axis) => view.shape[axis]));

/** The stored part of a view as a dense tensor along `axes`, which are all it stores. */
function stored(g: GraphBuilder, view: View, axes: readonly number[], shape: readonly number[]): Value {
  const part: View = {
    value: view.value,
    shape: axes.map((axis) => view.shape[axis]),
    axes: axes.map((axis) => view.axes[axis]!),
  };
  return ops.reshape(g, materialize(g, part), shape);
}

/** One matrix product; an operand that stores k first is read transposed. */
function flatProduct(
  g: GraphBuilder,
  x: View,
  y: View,
  m: readonly number[],
  n: readonly number[],
  k: number,
): Value {
  const [rows, columns, depth] = [sizeAlong(x, m), sizeAlong(y, n), x.shape[k]];
  const floating = ops.isFloat(dtypeOf(x));
  const transA = floating && m.length > 0 && x.axes[k] === 0;
  const transB = floating && n.length > 0 && y.axes[k] !== 0;
  const a = transA ? stored(g, x, [k, ...m], [depth, rows]) : stored(g, x, [...m, k], [rows, depth]);
  const b = transB ? stored(g, y, [...n, k], [columns, depth]) : stored(g, y, [k, ...n], [depth, columns]);
  return ops.gemm(g, a, b, { transA, transB });
}

/** Up to this many rows a matrix is cheaper multiplied in several places than the other operand is moved. */
const FEW_ROWS = 8;

/**
 * A few rows x [M, K] times y that is stored with k between its columns, [*, K, *]: one product for each index before k,
 * and y stays where it is.
 */
function fewRows(
  g: GraphBuilder,
  x: View,
  y: View,
  m: readonly number[],
  n: readonly number[],
  k: number,
): { readonly product: Value; readonly order: readonly number[] } | undefined {
  const at = y.axes[k]!;
  const [before, after] = [n.filter((axis) => y.axes[axis]! < at), n.filter((axis) => y.axes[axis]! > at)];
  if (sizeAlong(x, m) > FEW_ROWS || before.length === 0 || after.length === 0) return undefined;
  const [rows, depth] = [sizeAlong(x, m), x.shape[k]];
  const product = ops.batchedProduct(
    g,
    stored(g, x, [...m, k], [1, rows, depth]),
    stored(g, y, [...before, k, ...after], [sizeAlong(y, before), depth, sizeAlong(y, after)]),
    {},
  );
  return { product, order: [...before, ...m, ...after] };
}

function batchProduct(
  g: GraphBuilder,
  x: View,
  y: View,
  batch: readonly number[],
  m: readonly number[],
  n: readonly number[],
  k: number,
): Value {
  const [count, rows, columns, depth] = [sizeAlong(x, batch), sizeAlong(x, m), sizeAlong(y, n), x.shape[k]];
  // An operand that stores k on its other side is read transposed.
  const floating = ops.isFloat(dtypeOf(x));
  const transA = floating && m.length > 0 && isStoredAs(x, [...batch, k, ...m]);
  const transB = floating && n.length > 0 && isStoredAs(y, [...batch, ...n, k]);
  const a = transA
    ? stored(g, x, [...batch, k, ...m], [count, depth, rows])
    : stored(g, x, [...batch, ...m, k], [count, rows, depth]);
  const b = transB
    ? stored(g, y, [...batch, ...n, k], [count, columns, depth])
    : stored(g, y, [...batch, k, ...n], [count, depth, columns]);
  return ops.batchedProduct(g, a, b, { transA, transB });
}

/** Whether these axes, all that the view stores, are stored in this order. */
function isStoredAs(view: View, order: readonly number[]): boolean {
  return order.every((axis, i) => i === 0 || view.axes[order[i - 1]]! < view.axes[axis]!);
}

function dropLast(view: View): View {
  return dropAxes(view, [view.shape.length - 1], view.value);
}

/** Σ over the last axis, which is stored. */
function sumLast(g: GraphBuilder, view: View): View {
  const last = view.shape.length - 1;
  return dropAxes(view, [last], ops.reduce(g, "ReduceSum", view.value, [view.axes[last]!]));
}

export const dotRules = { dot } satisfies { [P in "dot"]: Rule<P> };
