import type { GraphBuilder } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import type { View } from "../../../graph/view.js";
import { gatherTable, type Table } from "../tables.js";
import {
  byPosition,
  type Convolution,
  matrix,
  packed,
  resultRoles,
  resultView,
  size,
  storedKernel,
  tableOf,
} from "./convolution.js";

/**
 * Convolutions stored channels last, [positions, N, C]: a pixel is a row of channels, so windows are gathered row by
 * row, a 1×1 convolution is one matrix product with nothing gathered, and per-channel factors are runs as long as a row.
 */

/** Fewer channels make rows too short to gather. */
export const SHORT_ROW = 16;

/** [positions·N, taps·C] times w [taps·C, O]. */
export function rows(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const n = size(c.x, batch);
  const channels = c.x.shape[channel];
  const { w, reversed } = storedKernel(g, c);
  const table = tableOf(c);
  const { taps, positions } = table;
  const indices = reversed ? tapsReversed(table) : table.indices;
  const out = resultRoles(c);
  const parts = [out.spatial, out.batch, out.outputs];
  if (channels < SHORT_ROW) {
    // The batch innermost: columns [C·taps, positions·N], read transposed.
    const x = packed(g, c.x, [[channel], spatial, batch]);
    const columns = gatherTable(g, x, 1, indices, [taps, positions]);
    const weight = matrix(g, w, [channel, ...spatial], outputs);
    const product = ops.gemm(g, ops.reshape(g, columns, [channels * taps, positions * n]), weight.value, {
      transA: true,
      transB: weight.transposed,
    });
    return resultView(g, c, product, parts);
  }
  const x = packed(g, c.x, [[...spatial, ...batch], [channel]]);
  const weight = matrix(g, w, [...spatial, channel], outputs);
  const all = perSample({ taps, positions, indices }, n);
  const bands = bandsOf(positions, taps * channels * n).map(([from, to]) => {
    const count = (to - from) * n;
    const columns = gatherTable(g, x, 0, all.subarray(from * n * taps, to * n * taps), [count, taps]);
    return ops.gemm(g, ops.reshape(g, columns, [count, taps * channels]), weight.value, {
      transB: weight.transposed,
    });
  });
  return resultView(g, c, ops.concat(g, bands, 0), parts);
}

/** Size of the windows that are gathered and multiplied at a time, in floats. */
const BAND = 1 << 20;

/** Cuts `pixels`, of `size` floats each, into ranges of about a band. */
export function bandsOf(pixels: number, size: number): [from: number, to: number][] {
  const count = Math.min(pixels, Math.ceil((pixels * size) / BAND));
  const start = (i: number) => Math.floor((i * pixels) / count);
  return Array.from({ length: count }, (_, i) => [start(i), start(i + 1)]);
}

/** The table for a kernel whose taps are stored last to first. */
function tapsReversed({ taps, positions, indices }: Table): Int32Array {
  return Int32Array.from(indices, (_, i) => {
    const tap = taps - 1 - Math.floor(i / positions);
    return indices[tap * positions + (i % positions)];
  });
}

/** Rows of [S·N, C] that make up [positions, N, taps]. */
export function perSample(table: Table, n: number): Int32Array {
  const { taps, positions } = table;
  const turned = byPosition(table);
  const indices = new Int32Array(turned.length * n);
  for (let p = 0; p < positions; p++)
    for (let sample = 0; sample < n; sample++)
      for (let t = 0; t < taps; t++) {
        const at = turned[p * taps + t];
        indices[(p * n + sample) * taps + t] = at < 0 ? at : at * n + sample;
      }
  return indices;
}
