import { broadcastTo, mean, reshape, type Traced } from "../engine/lang/index.js";
import type { GroupLayout } from "../theory/layout.js";

/** The mean of `x` over each group, repeated for every element of the group: the shape of `x`. */
export function groupMean(x: Traced, layout: GroupLayout): Traced {
  const { shape, axes } = splitGroups(layout);
  const means = mean(reshape(x, shape), axes, { keepdims: true });
  return reshape(broadcastTo(means, shape), x.shape);
}

/** A shape whose axes hold either groups or elements, without moving data, and its element axes. */
function splitGroups(l: GroupLayout): { shape: number[]; axes: number[] } {
  const groupsInside = l.innerStride === l.groupInner && l.groupInner > 1;
  if (groupsInside) return { shape: [l.groupOuter, l.inner, l.groupInner], axes: [1] };
  return { shape: [l.groupOuter, l.outer, l.groupInner, l.inner], axes: [1, 3] };
}
