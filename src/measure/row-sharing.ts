import { type GroupLayout, groupCount } from "../theory/layout.js";
import type { WeightRows } from "./linear-op.js";

/**
 * How the groups of a normalization share the weight rows of the linear op below.
 *
 * - `none`: each weight row feeds one group, as for batch normalization of a convolution.
 * - `elements`: each element of a group has a weight row of its own, as for layer normalization of
 *   a matrix product.
 * - `some`: neither holds, or nothing is known of the rows.
 */
export type RowSharing = "none" | "elements" | "some";

/** The positions of a tensor in C order that one index runs over: ⌊f / inner⌋ mod count. */
interface Digits {
  readonly count: number;
  readonly inner: number;
}

export function rowSharing(layout: GroupLayout, rows: WeightRows | null): RowSharing {
  if (groupCount(layout) === 1) return "none";
  if (rows === null) return "some";
  const { groupOuter, groupOuterStride, groupInner, groupInnerStride } = layout;
  const groups = [
    { count: groupOuter, inner: groupOuterStride },
    { count: groupInner, inner: groupInnerStride },
  ];
  if (groups.every((digits) => lieWithin(digits, rows))) return "none";
  const elements = [
    { count: layout.outer, inner: layout.outerStride },
    { count: layout.inner, inner: layout.innerStride },
  ];
  return elements.every((digits) => lieWithin(digits, rows)) ? "elements" : "some";
}

/** Whether a row determines the index `digits`. */
const lieWithin = (digits: Digits, rows: WeightRows): boolean =>
  digits.count === 1 ||
  (digits.inner % rows.inner === 0 && (rows.inner * rows.count) % (digits.inner * digits.count) === 0);

/**
 * The shape [a, groups, b] in which the rows of a weight lie, where each row feeds one group:
 * row r belongs to group ⌊r / b⌋ mod groups.
 */
export function rowsByGroup(layout: GroupLayout, rows: WeightRows): [number, number, number] {
  const groups = groupCount(layout);
  if (groups === 1) return [1, 1, rows.count];
  const stride = layout.groupInner > 1 ? layout.groupInnerStride : layout.groupOuterStride;
  const b = stride / rows.inner;
  return [rows.count / (groups * b), groups, b];
}
