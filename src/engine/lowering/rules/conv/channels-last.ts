import type { GraphBuilder } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import type { View } from "../../../graph/view.js";
import { gatherTable, type IndexTable } from "../index-tables.js";
import {
  byPosition,
  type Convolution,
  resultRoles,
  size,
  storedKernel,
  windowTableOf,
} from "./convolution.js";
import { matrix, packed, resultView } from "./layout.js";

/**
 * Convolutions of images stored channels last, x [S, N, C]. Every pixel of every sample is one row
 * of channels.
 *
 *     x [S·N, C]                       columns [positions·N, offsets·C]
 *     pixel 0, sample 0  │ c0 c1 … │   position 0, sample 0 │ offset 0: c0 c1 … │ offset 1: c0 … │
 *     pixel 0, sample 1  │ c0 c1 … │   position 0, sample 1 │ offset 0: c0 c1 … │ offset 1: c0 … │
 *     pixel 1, sample 0  │ c0 c1 … │   position 1, sample 0 │ offset 0: c0 c1 … │ offset 1: c0 … │
 *     …                                …
 *
 *     result [positions·N, O] = columns · w [offsets·C, O], which is stored channels last again
 *
 * Windows are gathered in whole rows. A 1×1 convolution gathers nothing and is one matrix product.
 * Whatever scales or shifts channels, as an affine phase does, broadcasts along the rows.
 */

/** With fewer channels a row is too short to be gathered on its own. */
export const SHORT_ROW = 16;

/** The convolution as columns · w. */
export function channelsLast(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const n = size(c.x, batch);
  const channels = c.x.shape[channel];
  const { w, reversed } = storedKernel(g, c);
  const table = windowTableOf(c);
  const { offsets, positions } = table;
  const indices = reversed ? offsetsReversed(table) : table.indices;
  const out = resultRoles(c);
  const parts = [out.spatial, out.batch, out.outputs];
  if (channels < SHORT_ROW) {
    // Samples innermost instead: the columns are [C·offsets, positions·N], which the product reads
    // transposed.
    const x = packed(g, c.x, [[channel], spatial, batch]);
    const columns = gatherTable(g, x, { axis: 1, indices, shape: [offsets, positions] });
    const weight = matrix(g, w, [channel, ...spatial], outputs);
    const product = ops.gemm(g, ops.reshape(g, columns, [channels * offsets, positions * n]), weight.value, {
      transA: true,
      transB: weight.transposed,
    });
    return resultView(g, c, product, parts);
  }
  const x = packed(g, c.x, [[...spatial, ...batch], [channel]]);
  const weight = matrix(g, w, [...spatial, channel], outputs);
  const rows = rowIndices({ offsets, positions, indices }, n);
  const bands = pixelBands(positions, offsets * channels * n).map(([from, to]) => {
    const count = (to - from) * n;
    const columns = gatherTable(g, x, {
      axis: 0,
      indices: rows.subarray(from * n * offsets, to * n * offsets),
      shape: [count, offsets],
    });
    return ops.gemm(g, ops.reshape(g, columns, [count, offsets * channels]), weight.value, {
      transB: weight.transposed,
    });
  });
  return resultView(g, c, ops.concat(g, bands, 0), parts);
}

/**
 * Floats that are gathered and multiplied at a time, so that they stay in the processor's cache.
 */
const BAND = 1 << 20;

/** Cuts `pixels`, each of `size` floats, into ranges of about one band. */
export function pixelBands(pixels: number, size: number): [from: number, to: number][] {
  const count = Math.min(pixels, Math.ceil((pixels * size) / BAND));
  const start = (i: number) => Math.floor((i * pixels) / count);
  return Array.from({ length: count }, (_, i) => [start(i), start(i + 1)]);
}

/**
 * The indices of the table with its offsets in reverse order, for a kernel that is stored reversed.
 */
function offsetsReversed({ offsets, positions, indices }: IndexTable): Int32Array {
  return Int32Array.from(indices, (_, i) => {
    const offset = offsets - 1 - Math.floor(i / positions);
    return indices[offset * positions + (i % positions)];
  });
}

/** The table as row numbers of x [S·N, C], in the order of the columns: [positions, N, offsets]. */
export function rowIndices(table: IndexTable, n: number): Int32Array {
  const { offsets, positions } = table;
  const turned = byPosition(table);
  const indices = new Int32Array(turned.length * n);
  for (let p = 0; p < positions; p++)
    for (let sample = 0; sample < n; sample++)
      for (let t = 0; t < offsets; t++) {
        const at = turned[p * offsets + t];
        indices[(p * n + sample) * offsets + t] = at < 0 ? at : at * n + sample;
      }
  return indices;
}
