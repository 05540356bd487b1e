import { type GroupLayout, groupCount } from "./layout.js";

/** Element i of group g lies at `starts[g] + offsets[i]`: the layout as a matrix of groups × elements. */
export interface Addresses {
  readonly starts: Uint32Array;
  readonly offsets: Uint32Array;
}

/** The addresses of a layout. With one group per channel, column i holds the features of sample i. */
export function addressesOf(l: GroupLayout): Addresses {
  const starts = Uint32Array.from(
    { length: groupCount(l) },
    (_, g) => Math.floor(g / l.groupInner) * l.groupOuterStride + (g % l.groupInner) * l.groupInnerStride,
  );
  const offsets = new Uint32Array(l.outer * l.inner);
  for (let i = 0, k = 0; i < l.outer; i++)
    for (let j = 0; j < l.inner; j++) offsets[k++] = i * l.outerStride + j * l.innerStride;
  return { starts, offsets };
}
