import { sizeOf } from "../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import {
  broadcast,
  dtypeOf,
  isStoredAs,
  mapStored,
  materialize,
  range,
  storedAxes,
  storedAxis,
  type View,
  viewOf,
  zip,
} from "../../graph/view.js";
import { dropAxes, repeated } from "./reduce.js";
import type { Rule } from "./rule.js";

/**
 * The sum of x·y over the last axis of two views of the same shape, both of which store that axis.
 * jax-js writes a matrix product as such a sum of two broadcasts:
 *
 *     x  [batch, rows, (columns), depth]     axes in brackets are broadcast and not stored
 *     y  [batch, (rows), columns, depth]
 *     Σ  [batch, rows, columns]
 *
 * A view tells which axes it stores, so the roles of the axes can be read off: an axis that both
 * views store is batch, an axis that only x stores is rows, an axis that only y stores is columns.
 * The result is a matrix product, or a stack of them, and no broadcast is computed.
 */
interface Contraction {
  readonly x: View;
  readonly y: View;
  /** Axes of the batch, in the storage order of the larger operand. */
  readonly batch: readonly number[];
  /** Axes that only x stores, in its storage order. */
  readonly rows: readonly number[];
  /** Axes that only y stores, in its storage order. */
  readonly columns: readonly number[];
  /** The axis that is summed over. */
  readonly depth: number;
}

/**
 * A dense product and the logical axes that its axes hold, merged, from the outermost to the
 * innermost.
 */
interface Product {
  readonly value: Value;
  readonly order: readonly number[];
}

const dot: Rule<"dot"> = (g, [a, b]) => {
  const shape = ops.broadcastShapes(a.shape, b.shape);
  const [x, y] = [broadcast(a, shape), broadcast(b, shape)];
  const depth = shape.length - 1;
  const [xHasDepth, yHasDepth] = [x.axes[depth] != null, y.axes[depth] != null];
  if (!xHasDepth && !yHasDepth) {
    const products = zip(g, [dropLast(x), dropLast(y)], (p, q) => ops.elementwise(g, "Mul", [p, q]));
    return [mapStored(products, (value) => repeated(g, value, "Add", shape[depth]))];
  }
  if (!xHasDepth || !yHasDepth) {
    const [full, constant] = xHasDepth ? [x, y] : [y, x];
    return [zip(g, [sumLast(g, full), dropLast(constant)], (p, q) => ops.elementwise(g, "Mul", [p, q]))];
  }
  const contraction = contractionOf(x, y);
  const { batch, rows, columns } = contraction;
  if (rows.length === 0 && columns.length === 0)
    return [
      sumLast(
        g,
        zip(g, [x, y], (p, q) => ops.elementwise(g, "Mul", [p, q])),
      ),
    ];
  const product =
    batch.length > 0
      ? batchedProduct(g, contraction)
      : (fewRowsProduct(g, contraction) ??
        fewRowsProduct(g, exchanged(contraction)) ??
        flatProduct(g, contraction));
  return [resultOf(g, product, shape)];
};

/** The contraction of two views of the same shape over their last axis. */
function contractionOf(x: View, y: View): Contraction {
  const depth = x.shape.length - 1;
  const storedBy = (view: View, isIn: (axis: number) => boolean) =>
    storedAxes(view).filter((axis) => axis !== depth && isIn(axis));
  const larger = sizeOf(x.value.shape) >= sizeOf(y.value.shape) ? x : y;
  return {
    ...{ x, y, depth },
    batch: storedBy(larger, (axis) => x.axes[axis] != null && y.axes[axis] != null),
    rows: storedBy(x, (axis) => y.axes[axis] == null),
    columns: storedBy(y, (axis) => x.axes[axis] == null),
  };
}

/** y · x instead of x · y: rows and columns change places. */
const exchanged = ({ x, y, rows, columns, ...rest }: Contraction): Contraction => ({
  ...rest,
  ...{ x: y, y: x, rows: columns, columns: rows },
});

/** The product as a view. `shape` still has the summed axis at its end. */
function resultOf(g: GraphBuilder, { value, order }: Product, shape: readonly number[]): View {
  const stored = viewOf(
    g,
    ops.reshape(
      g,
      value,
      order.map((axis) => shape[axis]),
    ),
  );
  const positions = range(shape.length - 1).map((axis) => order.indexOf(axis));
  return {
    value: stored.value,
    shape: shape.slice(0, -1),
    axes: positions.map((at) => (at < 0 ? null : stored.axes[at])),
  };
}

const sizeAlong = (view: View, axes: readonly number[]): number =>
  sizeOf(axes.map((axis) => view.shape[axis]));

/**
 * The view as a dense tensor of `shape`. `axes` are all the axes that it stores, in the order asked
 * for.
 */
function stored(g: GraphBuilder, view: View, axes: readonly number[], shape: readonly number[]): Value {
  const part: View = {
    value: view.value,
    shape: axes.map((axis) => view.shape[axis]),
    axes: axes.map((axis) => view.axes[axis]),
  };
  return ops.reshape(g, materialize(g, part), shape);
}

/** One matrix product. An operand that is stored the other way round is read transposed. */
function flatProduct(g: GraphBuilder, { x, y, rows, columns, depth }: Contraction): Product {
  const [m, n, k] = [sizeAlong(x, rows), sizeAlong(y, columns), x.shape[depth]];
  const floating = ops.isFloat(dtypeOf(x));
  const transA = floating && rows.length > 0 && x.axes[depth] === 0;
  const transB = floating && columns.length > 0 && y.axes[depth] !== 0;
  const a = transA ? stored(g, x, [depth, ...rows], [k, m]) : stored(g, x, [...rows, depth], [m, k]);
  const b = transB ? stored(g, y, [...columns, depth], [n, k]) : stored(g, y, [depth, ...columns], [k, n]);
  return { value: ops.gemm(g, a, b, { transA, transB }), order: [...rows, ...columns] };
}

/** Up to this many rows, several small products are faster than moving the other operand. */
const FEW_ROWS = 8;

/**
 * A few rows x [M, K] times y that stores the depth between its columns, [B, K, C]: one product for
 * each index of B, so that y stays as it is stored. Undefined where this does not apply.
 */
function fewRowsProduct(g: GraphBuilder, { x, y, rows, columns, depth }: Contraction): Product | undefined {
  const at = storedAxis(y, depth);
  const before = columns.filter((axis) => storedAxis(y, axis) < at);
  const after = columns.filter((axis) => storedAxis(y, axis) > at);
  const [m, k] = [sizeAlong(x, rows), x.shape[depth]];
  if (m > FEW_ROWS || before.length === 0 || after.length === 0) return undefined;
  const value = ops.batchedProduct(
    g,
    stored(g, x, [...rows, depth], [1, m, k]),
    stored(g, y, [...before, depth, ...after], [sizeAlong(y, before), k, sizeAlong(y, after)]),
    {},
  );
  return { value, order: [...before, ...rows, ...after] };
}

/**
 * A stack of matrix products. An operand that stores the depth on its other side is read
 * transposed.
 */
function batchedProduct(g: GraphBuilder, { x, y, batch, rows, columns, depth }: Contraction): Product {
  const [count, m, n] = [sizeAlong(x, batch), sizeAlong(x, rows), sizeAlong(y, columns)];
  const k = x.shape[depth];
  const floating = ops.isFloat(dtypeOf(x));
  const transA = floating && rows.length > 0 && isStoredAs(x, [...batch, depth, ...rows]);
  const transB = floating && columns.length > 0 && isStoredAs(y, [...batch, ...columns, depth]);
  const a = transA
    ? stored(g, x, [...batch, depth, ...rows], [count, k, m])
    : stored(g, x, [...batch, ...rows, depth], [count, m, k]);
  const b = transB
    ? stored(g, y, [...batch, ...columns, depth], [count, n, k])
    : stored(g, y, [...batch, depth, ...columns], [count, k, n]);
  return {
    value: ops.batchedProduct(g, a, b, { transA, transB }),
    order: [...batch, ...rows, ...columns],
  };
}

/** The view without its last axis, which it does not store. */
function dropLast(view: View): View {
  return dropAxes(view, [view.shape.length - 1], view.value);
}

/** The sum over the last axis, which the view stores. */
function sumLast(g: GraphBuilder, view: View): View {
  const last = view.shape.length - 1;
  return dropAxes(view, [last], ops.reduce(g, "ReduceSum", view.value, [storedAxis(view, last)]));
}

export const dotRules = { dot } satisfies { [P in "dot"]: Rule<P> };
