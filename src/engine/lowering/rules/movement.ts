import { sizeOf } from "../../../base/tensor.js";
import type { GraphBuilder } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import { materialize, naturalOrder, permute, range, reshape, type View, viewOf } from "../../graph/view.js";
import type { Pair } from "../../tracing/primitives.js";
import type { Rule } from "./rule.js";

/**
 * Operations that move elements without computing. A view records the logical order of its axes, so
 * transposes and broadcasts need no node at all.
 */

const transpose: Rule<"transpose"> = (_, [x], { perm }) => [permute(x, perm)];

const reshapeRule: Rule<"reshape"> = (g, [x], { shape }) => [reshape(g, x, shape)];

const broadcast: Rule<"broadcast"> = (_, [x], { shape, axis }) => {
  const added = new Set(axis.map((a) => (a < 0 ? a + shape.length : a)));
  let source = 0;
  const axes = shape.map((_size, i) => (added.has(i) ? null : x.axes[source++]));
  return [{ value: x.value, shape, axes }];
};

/**
 * x reversed along `axes`. Along an axis that is not stored all elements are equal, so nothing
 * moves.
 */
export function flipView(g: GraphBuilder, x: View, axes: readonly number[]): View {
  const stored = axes.flatMap((axis) => x.axes[axis] ?? []);
  return { ...x, value: ops.flip(g, x.value, stored) };
}

/**
 * The view whose reversal along exactly these axes is x; undefined where x is not such a reversal.
 */
export function unflipped(g: GraphBuilder, x: View, axes: readonly number[]): View | undefined {
  const value = ops.unflip(
    g,
    x.value,
    axes.flatMap((axis) => x.axes[axis] ?? []),
  );
  return value === undefined ? undefined : { ...x, value };
}

const flip: Rule<"flip"> = (g, [x], { axis }) => [flipView(g, x, axis)];

/**
 * The part of x in the given ranges, one for each axis. x stays in the layout in which it is
 * stored.
 */
function sliceView(g: GraphBuilder, x: View, ranges: readonly Pair[]): View {
  const shape = ranges.map(([start, stop]) => stop - start);
  const order = naturalOrder(x).filter((axis) => x.axes[axis] !== null);
  const stored = ops.slice(
    g,
    x.value,
    order.map((axis) => ranges[axis]),
  );
  const part = viewOf(g, stored);
  const axes = x.axes.map((axis) => (axis === null ? null : part.axes[axis]));
  return { value: part.value, shape, axes };
}

const shrink: Rule<"shrink"> = (g, [x], { slice }) => [sliceView(g, x, slice)];

const split: Rule<"split"> = (g, [x], { axis, sizes }) => {
  let start = 0;
  return sizes.map((size) => {
    const part: Pair = [start, start + size];
    start += size;
    return sliceView(
      g,
      x,
      x.shape.map((dim, i) => (i === axis ? part : [0, dim])),
    );
  });
};

/** Zeros around x. An axis that x does not store but that grows is stored first. */
const pad: Rule<"pad"> = (g, [x], { width }) => {
  const order = naturalOrder(x);
  const grows = (axis: number) => width[axis][0] !== 0 || width[axis][1] !== 0;
  const kept = order.filter((axis) => x.axes[axis] !== null || grows(axis));
  const stored = materialize(g, project(x, kept), range(kept.length));
  const padded = viewOf(
    g,
    ops.pad(
      g,
      stored,
      kept.map((axis) => width[axis]),
    ),
  );
  const shape = x.shape.map((size, i) => size + width[i][0] + width[i][1]);
  const axes = shape.map((_, axis) => (kept.includes(axis) ? padded.axes[kept.indexOf(axis)] : null));
  return [{ value: padded.value, shape, axes }];
};

/** The view with `axes` only, in this order. The view must not store any other axis. */
function project(x: View, axes: readonly number[]): View {
  return { value: x.value, shape: axes.map((a) => x.shape[a]), axes: axes.map((a) => x.axes[a]) };
}

/**
 * The parts joined along `axis`, in the layout of the largest part. Where that part does not store
 * `axis`, the result stores it before the first stored axis that follows it logically. A stack of
 * rows, [batch, 1, columns] joined along axis 1, is then stored as [batch, parts, columns], ready
 * to be used as a batch of matrices.
 */
const concatenate: Rule<"concatenate"> = (g, parts, { axis }) => {
  const largest = parts.reduce((a, b) => (sizeOf(b.value.shape) > sizeOf(a.value.shape) ? b : a));
  const order = naturalOrder(largest);
  if (largest.axes[axis] === null) {
    order.splice(order.indexOf(axis), 1);
    const next = order.findIndex((other) => other > axis && largest.axes[other] !== null);
    order.splice(next < 0 ? order.length : next, 0, axis);
  }
  const stored = parts.map((part) => materialize(g, part, order));
  return [viewOf(g, ops.concat(g, stored, order.indexOf(axis)), order)];
};

type Movement = "transpose" | "broadcast" | "reshape" | "flip" | "shrink" | "pad" | "concatenate" | "split";

export const movementRules: { [P in Movement]: Rule<P> } = {
  transpose,
  broadcast,
  reshape: reshapeRule,
  flip,
  shrink,
  pad,
  concatenate,
  split,
};
