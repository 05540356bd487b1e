import { sizeOf } from "../../tensor.js";
import type { GraphBuilder, Value } from "../graph.js";
import * as ops from "../ops.js";
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
} from "../view.js";
import { dropAxes, repeated } from "./reduce.js";
import type { Rule } from "./rule.js";

/**
 * Σₖ x·y over the last axis. Every other axis is stored by both operands (batch), by one (rows or columns of
 * a matrix product) or by none, so the broadcasts that a matrix product is spelled with never happen.
 */
const dot: Rule<"dot"> = (g, [a, b]) => {
  const shape = ops.broadcastShapes(a!.shape, b!.shape);
  const [x, y] = [broadcast(a!, shape), broadcast(b!, shape)];
  const k = shape.length - 1;
  const [xHasK, yHasK] = [x.axes[k] != null, y.axes[k] != null];
  if (!xHasK && !yHasK) {
    const products = zip(g, [dropLast(x), dropLast(y)], (p, q) => ops.elementwise(g, "Mul", [p, q]));
    return [mapStored(products, (value) => repeated(g, value, "Add", shape[k]!))];
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
  const product =
    batch.length === 0 ? flatProduct(g, x, y, m, n, k) : batchProduct(g, x, y, batched, m, n, k);
  const order = [...batched, ...m, ...n];
  const stored = viewOf(
    g,
    ops.reshape(
      g,
      product,
      order.map((axis) => shape[axis]!),
    ),
  );
  const positions = shape.slice(0, -1).map((_, axis) => order.indexOf(axis));
  return [
    {
      value: stored.value,
      shape: shape.slice(0, -1),
      axes: positions.map((at) => (at < 0 ? null : stored.axes[at]!)),
    },
  ];
};

const sizeAlong = (view: View, axes: readonly number[]): number =>
  sizeOf(axes.map((axis) => view.shape[axis]!));

/** The stored part of a view as a dense tensor along `axes`, which are all it stores. */
function stored(g: GraphBuilder, view: View, axes: readonly number[], shape: readonly number[]): Value {
  const part: View = {
    value: view.value,
    shape: axes.map((axis) => view.shape[axis]!),
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
  const [rows, columns, depth] = [sizeAlong(x, m), sizeAlong(y, n), x.shape[k]!];
  const floating = ops.isFloat(dtypeOf(x));
  const transA = floating && m.length > 0 && x.axes[k] === 0;
  const transB = floating && n.length > 0 && y.axes[k] !== 0;
  const a = transA ? stored(g, x, [k, ...m], [depth, rows]) : stored(g, x, [...m, k], [rows, depth]);
  const b = transB ? stored(g, y, [...n, k], [columns, depth]) : stored(g, y, [k, ...n], [depth, columns]);
  return ops.gemm(g, a, b, { transA, transB });
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
  const [count, rows, columns, depth] = [sizeAlong(x, batch), sizeAlong(x, m), sizeAlong(y, n), x.shape[k]!];
  const a = stored(g, x, [...batch, ...m, k], [count, rows, depth]);
  const b = stored(g, y, [...batch, k, ...n], [count, depth, columns]);
  return ops.matmul(g, a, b);
}

function dropLast(view: View): View {
  return dropAxes(view, [view.shape.length - 1], view.value);
}

function sumLast(g: GraphBuilder, view: View): View {
  const last = view.shape.length - 1;
  const axis = view.axes[last];
  if (axis == null) return mapStored(dropLast(view), (value) => repeated(g, value, "Add", view.shape[last]!));
  return dropAxes(view, [last], ops.reduce(g, "ReduceSum", view.value, [axis]));
}

export const dotRules = { dot } satisfies { [P in "dot"]: Rule<P> };
