import type { GraphBuilder } from "../../graph.js";
import * as ops from "../../ops.js";
import type { View } from "../../view.js";
import { ABSENT, gatherTable, type Table } from "../tables.js";
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
  const channels = c.x.shape[channel]!;
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
  const columns = gatherTable(g, x, 0, perSample({ taps, positions, indices }, n), [positions * n, taps]);
  const weight = matrix(g, w, [...spatial, channel], outputs);
  const product = ops.gemm(g, ops.reshape(g, columns, [positions * n, taps * channels]), weight.value, {
    transB: weight.transposed,
  });
  return resultView(g, c, product, parts);
}

/** The table for a kernel whose taps are stored last to first. */
function tapsReversed({ taps, positions, indices }: Table): Int32Array {
  return Int32Array.from(indices, (_, i) => {
    const tap = taps - 1 - Math.floor(i / positions);
    return indices[tap * positions + (i % positions)]!;
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
        const at = turned[p * taps + t]!;
        indices[(p * n + sample) * taps + t] = at < 0 ? at : at * n + sample;
      }
  return indices;
}

/** Samples in a row too short to gather one by one. */
const SHORT_RUN = 16;

/**
 * The gradient of a weight, a convolution with few positions and many taps whose batch is the weight's input channel. One
 * operand is shifted, a copy for each position, and multiplied with the other: the one that has more pixels, so that
 * the gaps of a dilated one are never multiplied.
 */
export function rowsOfGradient(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const table = tableOf(c);
  const { positions } = table;
  const out = resultRoles(c);
  const [x, w] = [
    { view: c.x, outer: batch, result: out.batch },
    { view: c.w, outer: outputs, result: out.outputs },
  ];
  const pixels = size(c.x, spatial);
  const swapped = pixels < table.taps;
  const [shifted, fixed] = swapped ? [w, x] : [x, w];
  const indices = swapped ? readersOf(table, pixels) : byPosition(table);
  const count = swapped ? pixels : table.taps;
  const [n, o] = [size(shifted.view, shifted.outer), size(fixed.view, fixed.outer)];
  const samples = c.x.shape[channel]!;
  const depth = count * samples;
  if (n < SHORT_ROW || samples >= SHORT_RUN) {
    // Read in the order they are stored, [n·positions, depth] times [depth, o]: half as long as the transposed product below.
    const rows = packed(g, shifted.view, [shifted.outer, spatial, [channel]]);
    const columns = gatherTable(g, rows, 1, indices, [positions, count]);
    const weight = matrix(g, fixed.view, [...spatial, channel], fixed.outer);
    const product = ops.gemm(g, ops.reshape(g, columns, [n * positions, depth]), weight.value, {
      transB: weight.transposed,
    });
    return resultView(g, c, product, [shifted.result, out.spatial, fixed.result]);
  }
  const rows = packed(g, shifted.view, [spatial, [channel, ...shifted.outer]]);
  const columns = gatherTable(g, rows, 0, indices, [positions, count]);
  const weight = packed(g, fixed.view, [[...spatial, channel], fixed.outer]);
  const product =
    positions === 1
      ? ops.gemm(g, weight, ops.reshape(g, columns, [depth, n]), { transA: true })
      : ops.batchedProduct(
          g,
          ops.reshape(g, weight, [1, depth, o]),
          ops.reshape(g, columns, [positions, depth, n]),
          { transA: true },
        );
  return resultView(g, c, product, [out.spatial, fixed.result, shifted.result]);
}

/** Which tap reads each of x's pixels at each position, at [position · pixels + pixel]; at most one does. */
function readersOf({ taps, positions, indices }: Table, pixels: number): Int32Array {
  const readers = new Int32Array(positions * pixels).fill(ABSENT);
  for (let t = 0; t < taps; t++)
    for (let p = 0; p < positions; p++) {
      const pixel = indices[t * positions + p]!;
      if (pixel !== ABSENT) readers[p * pixels + pixel] = t;
    }
  return readers;
}
