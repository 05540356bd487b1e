import type { GraphBuilder, Value } from "../../graph.js";
import * as ops from "../../ops.js";
import type { Pair } from "../../primitives.js";
import type { View } from "../../view.js";
import { ABSENT, gatherTable, type Table } from "../tables.js";
import {
  byPosition,
  type Convolution,
  type Matrix,
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
function bandsOf(pixels: number, size: number): [from: number, to: number][] {
  const count = Math.min(pixels, Math.ceil((pixels * size) / BAND));
  const start = (i: number) => Math.floor((i * pixels) / count);
  return Array.from({ length: count }, (_, i) => [start(i), start(i + 1)]);
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
    const weight = matrix(g, fixed.view, [...spatial, channel], fixed.outer);
    const products = bandsOf(count, n * positions * samples).map(([from, to]) => {
      const shape: [number, number] = [positions, to - from];
      const within = Int32Array.from({ length: positions * (to - from) }, (_, i) => {
        const [position, pixel] = [Math.floor(i / (to - from)), i % (to - from)];
        return indices[position * count + from + pixel]!;
      });
      const columns = gatherTable(g, rows, 1, within, shape);
      const part = ops.reshape(g, columns, [n * positions, (to - from) * samples]);
      return ops.gemm(g, part, rowsOf(g, weight, from * samples, to * samples), {
        transB: weight.transposed,
      });
    });
    const product = products.reduce((a, b) => ops.elementwise(g, "Add", [a, b]));
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

/** Rows `from` … `to` of a matrix. */
function rowsOf(g: GraphBuilder, { value, transposed }: Matrix, from: number, to: number): Value {
  const all = value.shape.map((n): Pair => [0, n]);
  return ops.slice(g, value, all.with(transposed ? 1 : 0, [from, to]));
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
