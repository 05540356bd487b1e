import { sizeOf } from "../../base/tensor.js";
import type { GraphBuilder, GraphDType, Value } from "./graph.js";
import * as ops from "./ops.js";

/**
 * A logical tensor and its storage. Logical axis i is stored along axis `axes[i]` of `value`. Where
 * `axes[i]` is null, the axis is not stored: the elements are the same at every position along it.
 *
 * Broadcasts and transposes change `shape` and `axes` only. Data moves when an operation needs a
 * certain layout (`materialize`). Example: `value` [3, 5] seen as logical shape [5, 4, 3] has
 * `axes` [1, null, 0].
 *
 * Invariants: every axis of `value` appears exactly once in `axes`; no axis of `value` has size 1.
 */
export interface View {
  /** The stored elements. */
  readonly value: Value;
  /** The logical shape. */
  readonly shape: readonly number[];
  readonly axes: readonly (number | null)[];
}

/** The whole numbers 0, …, size − 1. */
export const range = (size: number): number[] => Array.from({ length: size }, (_, i) => i);

/** Element type of the view. */
export const dtypeOf = (view: View): GraphDType => view.value.dtype;

/**
 * A view of `value` in which axis i of `value` is the logical axis `order[i]`. By default the axes
 * keep their order. Axes of size 1 are not stored.
 */
export function viewOf(
  g: GraphBuilder,
  value: Value,
  order: readonly number[] = range(value.shape.length),
): View {
  const shape = order.map(() => 1);
  const axes: (number | null)[] = order.map(() => null);
  let stored = 0;
  order.forEach((axis, i) => {
    const size = value.shape[i];
    shape[axis] = size;
    if (size !== 1) axes[axis] = stored++;
  });
  const squeezed = value.shape.filter((size) => size !== 1);
  return { value: ops.reshape(g, value, squeezed), shape, axes };
}

/** A view of `shape` with the scalar `value` at every position. */
export function splat(value: Value, shape: readonly number[]): View {
  return { value, shape, axes: shape.map(() => null) };
}

/**
 * The number that every element of the view equals; undefined where the elements are not known or
 * differ.
 */
export function splatOf(g: GraphBuilder, view: View): number | undefined {
  return g.scalarOf(view.value);
}

/** The logical axes that are stored, in the order in which they are stored. */
export function storedAxes(view: View): number[] {
  const order: number[] = [];
  view.axes.forEach((stored, axis) => {
    if (stored !== null) order[stored] = axis;
  });
  return order;
}

/** The axis of `value` along which the logical `axis` is stored. Throws where it is not stored. */
export function storedAxis(view: View, axis: number): number {
  const stored = view.axes[axis];
  if (stored === null) throw new Error(`axis ${axis} of a view is not stored`);
  return stored;
}

/**
 * Whether the view stores these logical axes in this order. Axes that it does not store are
 * skipped.
 */
export function isStoredAs(view: View, order: readonly number[]): boolean {
  const stored = order.flatMap((axis) => view.axes[axis] ?? []);
  return stored.every((at, i) => i === 0 || stored[i - 1] < at);
}

/** The view with its logical axes permuted: axis i of the result is axis `perm[i]` of the view. */
export function permute(view: View, perm: readonly number[]): View {
  return {
    value: view.value,
    shape: perm.map((i) => view.shape[i]),
    axes: perm.map((i) => view.axes[i]!),
  };
}

/** The view broadcast to `shape` as in NumPy: new axes come first, and axes of size 1 grow. */
export function broadcast(view: View, shape: readonly number[]): View {
  const added = shape.length - view.shape.length;
  return { value: view.value, shape, axes: [...range(added).map(() => null), ...view.axes] };
}

/**
 * The view's storage in a form that broadcasts against tensors stored along the logical axes
 * `order`: transposed to this order, with size 1 for axes that the view does not store. `order` has
 * every axis that the view stores.
 */
function alignTo(g: GraphBuilder, view: View, order: readonly number[]): Value {
  const own = order.filter((axis) => view.axes[axis] != null);
  const transposed = ops.transpose(
    g,
    view.value,
    own.map((axis) => view.axes[axis]!),
  );
  const first = order.findIndex((axis) => view.axes[axis] != null);
  if (first < 0) return transposed;
  const shape = order.slice(first).map((axis) => (view.axes[axis] == null ? 1 : view.shape[axis]));
  return ops.reshape(g, transposed, shape);
}

/**
 * The view's elements as a dense tensor with the logical axes in `order`, by default in their own
 * order.
 */
export function materialize(
  g: GraphBuilder,
  view: View,
  order: readonly number[] = range(view.shape.length),
): Value {
  const aligned = alignTo(g, view, order);
  const shape = order.map((axis) => view.shape[axis]);
  if (sizeOf(aligned.shape) === sizeOf(shape)) return ops.reshape(g, aligned, shape);
  return ops.expand(g, aligned, shape);
}

/**
 * All logical axes in an order that needs no transpose: the axes that are not stored, then the
 * stored ones.
 */
export function naturalOrder(view: View): number[] {
  return [...range(view.shape.length).filter((i) => view.axes[i] === null), ...storedAxes(view)];
}

/** The view with the elementwise function `f` applied to its storage. */
export function mapStored(view: View, f: (value: Value) => Value): View {
  return { ...view, value: f(view.value) };
}

/**
 * Applies the elementwise operator `f` to views that broadcast against each other. The result
 * stores the axes that at least one operand stores, in the layout of the largest operand.
 */
export function zip(g: GraphBuilder, views: readonly View[], f: (...values: Value[]) => Value): View {
  const shape = views.map((v) => v.shape).reduce(ops.broadcastShapes);
  const operands = views.map((v) => broadcast(v, shape));
  const largest = operands.reduce((a, b) => (sizeOf(b.value.shape) > sizeOf(a.value.shape) ? b : a));
  const live = range(shape.length).filter((axis) => operands.some((v) => v.axes[axis] != null));
  const own = storedAxes(largest);
  return zipAs(g, operands, own.length === live.length ? own : live, f);
}

/**
 * `zip` with a given storage order of the result. `order` has every axis that some operand stores.
 */
export function zipAs(
  g: GraphBuilder,
  views: readonly View[],
  order: readonly number[],
  f: (...values: Value[]) => Value,
): View {
  const shape = views.map((v) => v.shape).reduce(ops.broadcastShapes);
  const value = f(...views.map((v) => alignTo(g, broadcast(v, shape), order)));
  const axes = shape.map((_, axis) => {
    const stored = order.indexOf(axis);
    return stored < 0 ? null : stored;
  });
  return { value, shape, axes };
}

/**
 * The view in another shape with as many elements. No data moves where the axes that merge or split
 * are stored next to each other in order, or are not stored at all. Otherwise the view is
 * materialized.
 */
export function reshape(g: GraphBuilder, view: View, shape: readonly number[]): View {
  const groups = matchAxes(view.shape, shape);
  const kept = groups.every(({ from }) => {
    const stored = from.map((axis) => view.axes[axis]!);
    return stored.every((s) => s === null) || stored.every((s, i) => s !== null && s === stored[0] + i);
  });
  if (!kept) return viewOf(g, ops.reshape(g, materialize(g, view), shape));
  // The groups in storage order. Each group of stored axes is replaced by its new axes.
  const runs = groups
    .filter(({ from }) => view.axes[from[0]] != null)
    .sort((a, b) => view.axes[a.from[0]]! - view.axes[b.from[0]]!);
  const order = runs.flatMap(({ to }) => to);
  const axes: (number | null)[] = shape.map(() => null);
  order.forEach((axis, stored) => {
    axes[axis] = stored;
  });
  const value = ops.reshape(
    g,
    view.value,
    order.map((axis) => shape[axis]),
  );
  return { value, shape, axes };
}

/**
 * Splits two shapes with equally many elements into the shortest groups of axes with equal
 * products, without axes of size 1.
 */
function matchAxes(
  from: readonly number[],
  to: readonly number[],
): { readonly from: readonly number[]; readonly to: readonly number[] }[] {
  const sources = range(from.length).filter((i) => from[i] !== 1);
  const targets = range(to.length).filter((i) => to[i] !== 1);
  const groups: { from: number[]; to: number[] }[] = [];
  let [i, j] = [0, 0];
  while (i < sources.length) {
    const group = { from: [sources[i]], to: [targets[j]] };
    let [m, n] = [from[sources[i++]], to[targets[j++]]];
    while (m !== n) {
      if (m < n) {
        group.from.push(sources[i]);
        m *= from[sources[i++]];
      } else {
        group.to.push(targets[j]);
        n *= to[targets[j++]];
      }
    }
    groups.push(group);
  }
  return groups;
}
