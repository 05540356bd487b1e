import { broadcastTo, mean, reshape, type Traced } from "../engine/lang/index.js";
import { type GroupLayout, groupCount } from "../theory/layout.js";

/** The mean of `x` over each group, as [groups]. */
export function groupMeans(x: Traced, layout: GroupLayout): Traced {
  const { shape, axes } = splitGroups(layout);
  return reshape(mean(reshape(x, shape), axes), [groupCount(layout)]);
}

/** One number per group, as [groups], repeated for every element of its group, in `shape`. */
export function spreadOverGroups(perGroup: Traced, layout: GroupLayout, shape: readonly number[]): Traced {
  const split = splitGroups(layout);
  const kept = split.shape.map((n, axis) => (split.axes.includes(axis) ? 1 : n));
  return reshape(broadcastTo(reshape(perGroup, kept), split.shape), shape);
}

/** The mean of `x` over each group, repeated for every element of the group: the shape of `x`. */
export const groupMean = (x: Traced, layout: GroupLayout): Traced =>
  spreadOverGroups(groupMeans(x, layout), layout, x.shape);

/** A shape whose axes hold either groups or elements, without moving data, and its element axes. */
function splitGroups(l: GroupLayout): { shape: number[]; axes: number[] } {
  const groupsInside = l.innerStride === l.groupInner && l.groupInner > 1;
  if (groupsInside) return { shape: [l.groupOuter, l.inner, l.groupInner], axes: [1] };
  return { shape: [l.groupOuter, l.outer, l.groupInner, l.inner], axes: [1, 3] };
}
