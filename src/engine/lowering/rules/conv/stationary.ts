import { sizeOf } from "../../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import type { View } from "../../../graph/view.js";
import { gatherTable } from "../tables.js";
import {
  byPosition,
  type Convolution,
  isStoredAs,
  packed,
  resultRoles,
  resultView,
  size,
  spatialShape,
  storedKernel,
  sumsOverSamples,
  tableOf,
} from "./convolution.js";
import { perSample, SHORT_ROW } from "./rows.js";

/**
 * Convolutions whose kernel is much larger than their images, as in deep layers at small batches. The kernel is left as it
 * is stored, taps innermost, and the few pixels are brought into its order, before the product or after it. Of the
 * gradients, so, not even the kernel's own moves a tensor of its size.
 */

/** Kernels with more than this many channels for each row of pixels. */
const CHANNELS_PER_ROW = 2;

type Lowering = (g: GraphBuilder, c: Convolution) => View;

/** The way that leaves the kernel in place; undefined where the kernel is not the larger one or is stored otherwise. */
export function stationary(g: GraphBuilder, c: Convolution): Lowering | undefined {
  const { batch, outputs, channel, spatial } = c.roles;
  const { w } = storedKernel(g, c);
  const [n, o, channels] = [size(c.x, batch), size(w, outputs), c.x.shape[channel]];
  const taps = sizeOf(spatialShape(c, c.w));
  const positions = sizeOf(spatialShape(c, c.result));
  if (sumsOverSamples(c)) {
    const enough = Math.min(n, o) >= SHORT_ROW && positions > 1;
    return enough && taps * channels * CHANNELS_PER_ROW < Math.max(n, o) ? gradientInPlace : undefined;
  }
  if (taps === 1 || Math.min(channels, o) < SHORT_ROW) return undefined;
  const rows = n * Math.max(positions, size(c.x, spatial));
  if (rows * CHANNELS_PER_ROW > Math.max(channels, o)) return undefined;
  if (isStoredAs(w, [...outputs, channel, ...spatial])) return kernelInPlace;
  return isStoredAs(w, [channel, ...outputs, ...spatial]) ? scattered : undefined;
}

/** Pixels of x gathered in the order of the kernel, [positions·N, C·taps], times w [O, C·taps] transposed. */
function kernelInPlace(g: GraphBuilder, c: Convolution): View {
  const { outputs, channel, spatial } = c.roles;
  const { w, reversed } = storedKernel(g, c);
  const columns = columnsOf(g, c, reversed);
  const kernel = packed(g, w, [outputs, [channel, ...spatial]]);
  const out = resultRoles(c);
  const product = ops.gemm(g, columns, kernel, { transB: true });
  return resultView(g, c, product, [out.spatial, out.batch, out.outputs]);
}

/** x as [positions·N, C·taps], or with the taps last to first. */
function columnsOf(g: GraphBuilder, c: Convolution, reversed: boolean): Value {
  const { batch, channel, spatial } = c.roles;
  const table = tableOf(c);
  const { taps, positions } = table;
  const [n, channels] = [size(c.x, batch), c.x.shape[channel]];
  const x = packed(g, c.x, [[...spatial, ...batch], [channel]]);
  const indices = perSample(table, n);
  // Backwards within each window.
  if (reversed) for (let at = 0; at < indices.length; at += taps) indices.subarray(at, at + taps).reverse();
  const windows = gatherTable(g, x, 0, indices, [positions * n, taps]);
  return ops.reshape(g, ops.transpose(g, windows, [0, 2, 1]), [positions * n, channels * taps]);
}

/**
 * The products of every pixel with every tap, [S·N, C] times w [C, O·taps], and for each position the sum of those that
 * fall on it.
 */
function scattered(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const { w, reversed } = storedKernel(g, c);
  const { taps, positions, indices } = tableOf(c);
  const [n, o, pixels] = [size(c.x, batch), size(w, outputs), size(c.x, spatial)];
  const x = packed(g, c.x, [[...spatial, ...batch], [channel]]);
  const kernel = packed(g, w, [[channel], [...outputs, ...spatial]]);
  const products = ops.reshape(g, ops.matmul(g, x, kernel), [pixels * n * o, taps]);
  const byTap = ops.reshape(g, ops.transpose(g, products, [1, 0]), [taps * pixels, n * o]);
  const rows = indices.map((pixel, i) => {
    const tap = Math.floor(i / positions);
    return pixel < 0 ? pixel : (reversed ? taps - 1 - tap : tap) * pixels + pixel;
  });
  const out = resultRoles(c);
  const sums = ops.reduce(g, "ReduceSum", gatherTable(g, byTap, 0, rows, [taps, positions]), [0]);
  return resultView(g, c, sums, [out.spatial, out.batch, out.outputs]);
}

/** The gradient of a kernel, [O, taps·C] times columns [taps·C, N·positions], in the kernel's own order. */
function gradientInPlace(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const table = tableOf(c);
  const { taps, positions } = table;
  const [n, channels] = [size(c.x, batch), c.x.shape[channel]];
  const x = packed(g, c.x, [[...spatial, channel], batch]);
  const turned = byPosition(table);
  // Rows (tap, channel) of (position, N): the windows that the convolution itself gathered.
  const indices = new Int32Array(turned.length * channels);
  for (let t = 0; t < taps; t++)
    for (let k = 0; k < channels; k++)
      for (let p = 0; p < positions; p++) {
        const at = turned[p * taps + t];
        indices[(t * channels + k) * positions + p] = at < 0 ? at : at * channels + k;
      }
  const windows = gatherTable(g, x, 0, indices, [taps * channels, positions]);
  const columns = ops.reshape(g, ops.transpose(g, windows, [0, 2, 1]), [taps * channels, n * positions]);
  const cotangent = packed(g, c.w, [[...spatial, channel], outputs]);
  const product = ops.gemm(g, cotangent, columns, { transA: true });
  const out = resultRoles(c);
  return resultView(g, c, product, [out.outputs, out.batch, out.spatial]);
}
