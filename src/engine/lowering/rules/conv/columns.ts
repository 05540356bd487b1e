import type { GraphBuilder } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import { dtypeOf, type View } from "../../../graph/view.js";
import { gatherTable } from "../tables.js";
import {
  byPosition,
  type Convolution,
  matrix,
  packed,
  resultRoles,
  resultView,
  size,
  tableOf,
} from "./convolution.js";

/**
 * As a matrix product with the batch innermost: w [O, C·taps] times columns [C·taps, positions·N], gathered from x [C, S, N].
 */
export function columnsPerTap(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, outputs, channel, spatial } = c.roles;
  const { taps, positions, indices } = tableOf(c);
  const [count, n] = [size(c.x, groups), size(c.x, batch)];
  const x = packed(g, c.x, [groups, [channel], spatial, batch]);
  const columns = gatherTable(g, x, 2, indices, [taps, positions]);
  const depth = c.x.shape[channel] * taps;
  const weight = packed(g, c.w, [groups, outputs, [channel, ...spatial]]);
  const product = ops.matmul(g, weight, ops.reshape(g, columns, [count, depth, positions * n]));
  const out = resultRoles(c);
  return resultView(g, c, product, [out.groups, out.outputs, out.spatial, out.batch]);
}

/**
 * As a matrix product with the contracted channel innermost: columns [N·positions, taps·C], gathered from x [N, S, C],
 * times w [taps·C, O]. Cheap where taps are many and positions few.
 */
export function columnsPerPosition(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, outputs, channel, spatial } = c.roles;
  const table = tableOf(c);
  const { taps, positions } = table;
  const [count, n] = [size(c.x, groups), size(c.x, batch)];
  const depth = taps * c.x.shape[channel];
  const x = packed(g, c.x, [groups, batch, spatial, [channel]]);
  const columns = gatherTable(g, x, 2, byPosition(table), [positions, taps]);
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
