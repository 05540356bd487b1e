import { sizeOf } from "../../../../base/tensor.js";
import type { GraphBuilder } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import type { View } from "../../../graph/view.js";
import { ABSENT, gatherTable, meetingTable } from "../tables.js";
import {
  type Convolution,
  packed,
  resultRoles,
  resultView,
  size,
  spatialShape,
  storedKernel,
  sumsOverSamples,
  tableOf,
} from "./convolution.js";
import { SHORT_ROW } from "./rows.js";

/**
 * Convolutions to few channels, as the last one of a decoder: a window has many more numbers than its result. So the products
 * of every pixel with every tap come first, [taps·O, C] times [C, S·N], and the few that meet at a position are
 * gathered and added. A product with a matrix of three columns, besides, is as long as with sixteen.
 */
export function fewOutputs(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const { w, reversed } = storedKernel(g, c);
  const table = tableOf(c);
  const { taps, positions } = table;
  const [n, o, pixels] = [size(c.x, batch), size(w, outputs), size(c.x, spatial)];
  const x = packed(g, c.x, [[...spatial, ...batch], [channel]]);
  const kernel = packed(g, w, [[...spatial, ...outputs], [channel]]);
  const products = ops.reshape(g, ops.gemm(g, kernel, x, { transB: true }), [taps * o * pixels, n]);
  const meetings = meetingTable(table, pixels);
  const indices = Int32Array.from({ length: meetings.rows * o * positions }, (_, i) => {
    const [row, output] = [Math.floor(i / (o * positions)), Math.floor(i / positions) % o];
    const at = meetings.indices[row * positions + (i % positions)];
    if (at === ABSENT) return ABSENT;
    const tap = Math.floor(at / pixels);
    return ((reversed ? taps - 1 - tap : tap) * o + output) * pixels + (at % pixels);
  });
  const gathered = gatherTable(g, products, 0, indices, [meetings.rows, o, positions]);
  const out = resultRoles(c);
  const sums = ops.reduce(g, "ReduceSum", gathered, [0]);
  return resultView(g, c, sums, [out.outputs, out.spatial, out.batch]);
}

/** Whether `fewOutputs` computes it: a kernel of several taps from many channels to few. */
export function hasFewOutputs(c: Convolution): boolean {
  return (
    !sumsOverSamples(c) &&
    sizeOf(spatialShape(c, c.w)) > 1 &&
    c.x.shape[c.roles.channel] >= SHORT_ROW &&
    size(c.w, c.roles.outputs) < SHORT_ROW
  );
}
