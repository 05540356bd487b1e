import { sizeOf } from "../../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import { isStoredAs, type View } from "../../../graph/view.js";
import { gatherTable } from "../index-tables.js";
import { rowIndices, SHORT_ROW } from "./channels-last.js";
import {
  byPosition,
  type Convolution,
  isWeightGradient,
  type Lowering,
  resultRoles,
  size,
  spatialShape,
  storedKernel,
  windowTableOf,
} from "./convolution.js";
import { packed, resultView } from "./layout.js";

/**
 * Convolutions whose kernel is much larger than their images, as in deep layers with small batches.
 * The kernel stays as it is stored, [O, C, offsets], because moving it would cost more than the
 * product. The few pixels are brought into the kernel's order instead. No tensor of the kernel's
 * size is moved, in the forward pass, in the gradient of the input or in the gradient of the
 * kernel:
 *
 *     forward               columns [positions·N, C·offsets] · w transposed [C·offsets, O]
 *     input gradient        x [S·N, C] · w [C, O·offsets], then a gather and a sum over offsets
 *     kernel gradient       G transposed [O, positions·N] · columns, which gives [O, C·offsets]
 */

/** A kernel counts as much larger from this many channels for each row of pixels. */
const CHANNELS_PER_ROW = 2;

/**
 * The lowering that leaves the kernel in place; undefined where the kernel is too small or stored
 * otherwise.
 */
export function chooseKernelInPlace(g: GraphBuilder, c: Convolution): Lowering | undefined {
  const { batch, outputs, channel, spatial } = c.roles;
  const { w } = storedKernel(g, c);
  const [n, o, channels] = [size(c.x, batch), size(w, outputs), c.x.shape[channel]];
  const offsets = sizeOf(spatialShape(c, c.w));
  const positions = sizeOf(spatialShape(c, c.result));
  if (isWeightGradient(c)) {
    const enough = Math.min(n, o) >= SHORT_ROW && positions > 1;
    return enough && offsets * channels * CHANNELS_PER_ROW < Math.max(n, o) ? kernelGradient : undefined;
  }
  if (offsets === 1 || Math.min(channels, o) < SHORT_ROW) return undefined;
  const rows = n * Math.max(positions, size(c.x, spatial));
  if (rows * CHANNELS_PER_ROW > Math.max(channels, o)) return undefined;
  if (isStoredAs(w, [...outputs, channel, ...spatial])) return forward;
  return isStoredAs(w, [channel, ...outputs, ...spatial]) ? inputGradient : undefined;
}

/** Columns [positions·N, C·offsets] times w [O, C·offsets], which the product reads transposed. */
function forward(g: GraphBuilder, c: Convolution): View {
  const { outputs, channel, spatial } = c.roles;
  const { w, reversed } = storedKernel(g, c);
  const columns = columnsOf(g, c, { reversed });
  const kernel = packed(g, w, [outputs, [channel, ...spatial]]);
  const out = resultRoles(c);
  const product = ops.gemm(g, columns, kernel, { transB: true });
  return resultView(g, c, product, [out.spatial, out.batch, out.outputs]);
}

/**
 * The windows of x as [positions·N, C·offsets]; with `reversed`, offsets run from last to first.
 */
function columnsOf(g: GraphBuilder, c: Convolution, { reversed }: { readonly reversed: boolean }): Value {
  const { batch, channel, spatial } = c.roles;
  const table = windowTableOf(c);
  const { offsets, positions } = table;
  const [n, channels] = [size(c.x, batch), c.x.shape[channel]];
  const x = packed(g, c.x, [[...spatial, ...batch], [channel]]);
  const indices = rowIndices(table, n);
  if (reversed)
    for (let at = 0; at < indices.length; at += offsets) indices.subarray(at, at + offsets).reverse();
  const windows = gatherTable(g, x, { axis: 0, indices, shape: [positions * n, offsets] });
  return ops.reshape(g, ops.transpose(g, windows, [0, 2, 1]), [positions * n, channels * offsets]);
}

/**
 * Every pixel times every kernel element, x [S·N, C] · w [C, O·offsets]. Each position then sums
 * the products that meet there.
 */
function inputGradient(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const { w, reversed } = storedKernel(g, c);
  const { offsets, positions, indices } = windowTableOf(c);
  const [n, o, pixels] = [size(c.x, batch), size(w, outputs), size(c.x, spatial)];
  const x = packed(g, c.x, [[...spatial, ...batch], [channel]]);
  const kernel = packed(g, w, [[channel], [...outputs, ...spatial]]);
  const products = ops.reshape(g, ops.matmul(g, x, kernel), [pixels * n * o, offsets]);
  const byOffset = ops.reshape(g, ops.transpose(g, products, [1, 0]), [offsets * pixels, n * o]);
  const rows = indices.map((pixel, i) => {
    const offset = Math.floor(i / positions);
    return pixel < 0 ? pixel : (reversed ? offsets - 1 - offset : offset) * pixels + pixel;
  });
  const out = resultRoles(c);
  const meetings = gatherTable(g, byOffset, { axis: 0, indices: rows, shape: [offsets, positions] });
  const sums = ops.reduce(g, "ReduceSum", meetings, [0]);
  return resultView(g, c, sums, [out.spatial, out.batch, out.outputs]);
}

/**
 * The gradient of a kernel [O, C·offsets], stored in the kernel's own order. In this convolution
 * the cotangent G takes the place of w, samples take the place of channels, and the positions are
 * the offsets of the kernel in the network.
 */
function kernelGradient(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const table = windowTableOf(c);
  const { offsets, positions } = table;
  const [n, channels] = [size(c.x, batch), c.x.shape[channel]];
  const x = packed(g, c.x, [[...spatial, channel], batch]);
  const turned = byPosition(table);
  // Rows are (pixel of G, sample) and columns (kernel offset, input channel), as in the columns of
  // `forward`.
  const indices = new Int32Array(turned.length * channels);
  for (let t = 0; t < offsets; t++)
    for (let k = 0; k < channels; k++)
      for (let p = 0; p < positions; p++) {
        const at = turned[p * offsets + t];
        indices[(t * channels + k) * positions + p] = at < 0 ? at : at * channels + k;
      }
  const windows = gatherTable(g, x, { axis: 0, indices, shape: [offsets * channels, positions] });
  const columns = ops.reshape(g, ops.transpose(g, windows, [0, 2, 1]), [offsets * channels, n * positions]);
  const cotangent = packed(g, c.w, [[...spatial, channel], outputs]);
  const product = ops.gemm(g, cotangent, columns, { transA: true });
  const out = resultRoles(c);
  return resultView(g, c, product, [out.outputs, out.batch, out.spatial]);
}
