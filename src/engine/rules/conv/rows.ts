import type { GraphBuilder } from "../../graph.js";
import * as ops from "../../ops.js";
import type { View } from "../../view.js";
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

/**
 * The gradient of a weight, a convolution with few positions and many taps whose batch is the weight's input channel:
 * for each position one product of w [taps·C, O], transposed, with the shifted x [taps·C, N].
 */
export function rowsOfGradient(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const table = tableOf(c);
  const { taps, positions } = table;
  const [n, o, channels] = [size(c.x, batch), size(c.w, outputs), c.x.shape[channel]!];
  const out = resultRoles(c);
  if (n < SHORT_ROW) {
    // One product of all positions: [O, taps·C] times columns [positions·N, taps·C], transposed.
    const x = packed(g, c.x, [batch, spatial, [channel]]);
    const columns = gatherTable(g, x, 1, byPosition(table), [positions, taps]);
    const weight = matrix(g, c.w, outputs, [...spatial, channel]);
    const product = ops.gemm(g, weight.value, ops.reshape(g, columns, [n * positions, taps * channels]), {
      transA: weight.transposed,
      transB: true,
    });
    return resultView(g, c, product, [out.outputs, out.batch, out.spatial]);
  }
  const x = packed(g, c.x, [spatial, [channel, ...batch]]);
  const shifted = gatherTable(g, x, 0, byPosition(table), [positions, taps]);
  const weight = packed(g, c.w, [[...spatial, channel], outputs]);
  const depth = taps * channels;
  const product =
    positions === 1
      ? ops.gemm(g, weight, ops.reshape(g, shifted, [depth, n]), { transA: true })
      : ops.batchedProduct(
          g,
          ops.reshape(g, weight, [1, depth, o]),
          ops.reshape(g, shifted, [positions, depth, n]),
          { transA: true },
        );
  return resultView(g, c, product, [out.spatial, out.outputs, out.batch]);
}
