import { type GroupLayout, groupCount } from "./layout.js";

/**
 * A layout as a matrix of groups × elements: element i of group g lies at `starts[g] + offsets[i]`.
 */
export interface Addresses {
  /** Position of the first element of each group. */
  readonly starts: Uint32Array;
  /** Distance of each element from the first element of its group. */
  readonly offsets: Uint32Array;
}

/**
 * The positions of all groups and elements of a layout.
 *
 * Under batch normalization group d is channel d, and element i is one sample at one position. So
 * `starts[0] + offsets[i]`, `starts[1] + offsets[i]`, … are the features of element i.
 *
 * @param layout - where the groups lie in the tensor
 * @returns one start per group and one offset per element of a group
 *
 * @example
 * ```ts
 * import { addressesOf, batchNormLayout } from "blindspot/theory";
 *
 * // Two samples of three channels: channel d holds elements d and d + 3.
 * const { starts, offsets } = addressesOf(batchNormLayout([2, 3]));
 * console.log(starts); // [0, 1, 2]
 * console.log(offsets); // [0, 3]
 * ```
 */
export function addressesOf(layout: GroupLayout): Addresses {
  const { groupInner, groupInnerStride, groupOuterStride } = layout;
  const starts = Uint32Array.from(
    { length: groupCount(layout) },
    (_, g) => Math.floor(g / groupInner) * groupOuterStride + (g % groupInner) * groupInnerStride,
  );
  const { outer, outerStride, inner, innerStride } = layout;
  const offsets = new Uint32Array(outer * inner);
  for (let i = 0, k = 0; i < outer; i++)
    for (let j = 0; j < inner; j++) offsets[k++] = i * outerStride + j * innerStride;
  return { starts, offsets };
}
