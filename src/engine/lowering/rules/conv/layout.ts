import type { GraphBuilder, Value } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import { isStoredAs, materialize, type View, viewOf } from "../../../graph/view.js";
import type { Pair } from "../../../tracing/primitives.js";
import { type Convolution, size } from "./convolution.js";

/**
 * The view as a dense tensor whose axis i holds all the logical axes of `parts[i]`, merged in this
 * order.
 */
export function packed(g: GraphBuilder, view: View, parts: readonly (readonly number[])[]): Value {
  const value = materialize(g, view, parts.flat());
  return ops.reshape(
    g,
    value,
    parts.map((axes) => size(view, axes)),
  );
}

/** An operand of a matrix product, in the one of its two orders that needs no transpose. */
export interface Matrix {
  readonly value: Value;
  /** Whether `value` is [columns, rows] instead of [rows, columns]. */
  readonly transposed: boolean;
}

/** The view as a matrix, with the logical axes of `rows` and `columns` merged. */
export function matrix(
  g: GraphBuilder,
  view: View,
  rows: readonly number[],
  columns: readonly number[],
): Matrix {
  const transposed = !isStoredAs(view, [...rows, ...columns]) && isStoredAs(view, [...columns, ...rows]);
  return { value: packed(g, view, transposed ? [columns, rows] : [rows, columns]), transposed };
}

/**
 * The result of `c` as a view of `value`, whose axis i holds all the logical axes of `parts[i]`,
 * merged.
 */
export function resultView(
  g: GraphBuilder,
  c: Convolution,
  value: Value,
  parts: readonly (readonly number[])[],
): View {
  const order = parts.flat();
  const shape = order.map((axis) => c.result.shape[axis]);
  return viewOf(g, ops.reshape(g, value, shape), order);
}

/**
 * Splits `padding` of the axes from `first` on: negative amounts are cropped from x now, the other
 * amounts are returned as ONNX's `pads`, which lists the beginnings of all axes, then the ends.
 */
export function cropped(
  g: GraphBuilder,
  x: Value,
  first: number,
  padding: readonly Pair[],
): { x: Value; pads: number[] } {
  const ranges = x.shape.map((n, axis): Pair => {
    const [before, after] = padding[axis - first] ?? [0, 0];
    return axis < first ? [0, n] : [Math.max(-before, 0), n - Math.max(-after, 0)];
  });
  const left = padding.map(([before, after]): Pair => [Math.max(before, 0), Math.max(after, 0)]);
  return { x: ops.slice(g, x, ranges), pads: [...left.map(([b]) => b), ...left.map(([, a]) => a)] };
}
