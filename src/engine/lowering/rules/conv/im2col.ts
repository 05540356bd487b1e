import type { GraphBuilder } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import { dtypeOf, type View } from "../../../graph/view.js";
import { gatherTable } from "../index-tables.js";
import { byPosition, type Convolution, resultRoles, size, windowTableOf } from "./convolution.js";
import { matrix, packed, resultView } from "./layout.js";

/**
 * Convolutions as matrix products (im2col): the window of every position is gathered into a matrix,
 * which is then multiplied with the kernel. Serves every element type, geometry and grouping, so it
 * is the fallback.
 *
 *     columnsByOffset                                      columnsByPosition
 *
 *     columns [C·offsets, positions·N]                     columns [N·positions, offsets·C]
 *              p0 s0  p0 s1  p1 s0 …                             t0 c0  t0 c1  t1 c0 …
 *       c0 t0    x      x      x                        s0 p0      x      x      x
 *       c0 t1    x      x      x                        s0 p1      x      x      x
 *       …                                               …
 *
 *     result = w [O, C·offsets] · columns                  result = columns · w [offsets·C, O]
 */

/** The product w · columns. Samples are innermost, so one gather copies a run of N numbers. */
export function columnsByOffset(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, outputs, channel, spatial } = c.roles;
  const { offsets, positions, indices } = windowTableOf(c);
  const [count, n] = [size(c.x, groups), size(c.x, batch)];
  const x = packed(g, c.x, [groups, [channel], spatial, batch]);
  const columns = gatherTable(g, x, { axis: 2, indices, shape: [offsets, positions] });
  const depth = c.x.shape[channel] * offsets;
  const weight = packed(g, c.w, [groups, outputs, [channel, ...spatial]]);
  const product = ops.matmul(g, weight, ops.reshape(g, columns, [count, depth, positions * n]));
  const out = resultRoles(c);
  return resultView(g, c, product, [out.groups, out.outputs, out.spatial, out.batch]);
}

/**
 * The product columns · w, with the channel innermost. Fast where the kernel is large and positions
 * are few.
 */
export function columnsByPosition(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, outputs, channel, spatial } = c.roles;
  const table = windowTableOf(c);
  const { offsets, positions } = table;
  const [count, n] = [size(c.x, groups), size(c.x, batch)];
  const depth = offsets * c.x.shape[channel];
  const x = packed(g, c.x, [groups, batch, spatial, [channel]]);
  const columns = gatherTable(g, x, { axis: 2, indices: byPosition(table), shape: [positions, offsets] });
  const out = resultRoles(c);
  if (count === 1 && ops.isFloat(dtypeOf(c.x))) {
    const weight = matrix(g, c.w, outputs, [...spatial, channel]);
    const product = ops.gemm(g, weight.value, ops.reshape(g, columns, [n * positions, depth]), {
      transA: weight.transposed,
      transB: true,
    });
    return resultView(g, c, product, [out.groups, out.outputs, out.batch, out.spatial]);
  }
  const weight = packed(g, c.w, [groups, [...spatial, channel], outputs]);
  const product = ops.matmul(g, ops.reshape(g, columns, [count, n * positions, depth]), weight);
  return resultView(g, c, product, [out.groups, out.batch, out.spatial, out.outputs]);
}
