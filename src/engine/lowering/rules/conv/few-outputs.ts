import { sizeOf } from "../../../../base/tensor.js";
import type { GraphBuilder } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import type { View } from "../../../graph/view.js";
import { ABSENT, gatherTable, meetingsTable } from "../index-tables.js";
import { SHORT_ROW } from "./channels-last.js";
import {
  type Convolution,
  isWeightGradient,
  resultRoles,
  size,
  spatialShape,
  storedKernel,
  windowTableOf,
} from "./convolution.js";
import { packed, resultView } from "./layout.js";

/**
 * Convolutions to few output channels, such as the last layer of a decoder. Their windows hold many
 * more numbers than their results, so im2col would gather far more than it computes. Here the
 * products come first and the gather second:
 *
 *     1. w [offsets·O, C] · x [C, S·N]   every kernel element times every pixel
 *     2. Gather [rows, O, positions]  products that meet at a position, by the meetings table
 *     3. ReduceSum over rows          the result [O, positions·N]
 *
 * The product with O columns would also be slow: three columns take as long as sixteen.
 */
export function fewOutputs(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const { w, reversed } = storedKernel(g, c);
  const table = windowTableOf(c);
  const { offsets, positions } = table;
  const [n, o, pixels] = [size(c.x, batch), size(w, outputs), size(c.x, spatial)];
  const x = packed(g, c.x, [[...spatial, ...batch], [channel]]);
  const kernel = packed(g, w, [[...spatial, ...outputs], [channel]]);
  const products = ops.reshape(g, ops.gemm(g, kernel, x, { transB: true }), [offsets * o * pixels, n]);
  const meetings = meetingsTable(table, pixels);
  const indices = Int32Array.from({ length: meetings.rows * o * positions }, (_, i) => {
    const [row, output] = [Math.floor(i / (o * positions)), Math.floor(i / positions) % o];
    const at = meetings.indices[row * positions + (i % positions)];
    if (at === ABSENT) return ABSENT;
    const offset = Math.floor(at / pixels);
    return ((reversed ? offsets - 1 - offset : offset) * o + output) * pixels + (at % pixels);
  });
  const gathered = gatherTable(g, products, { axis: 0, indices, shape: [meetings.rows, o, positions] });
  const out = resultRoles(c);
  const sums = ops.reduce(g, "ReduceSum", gathered, [0]);
  return resultView(g, c, sums, [out.outputs, out.spatial, out.batch]);
}

/** Whether `fewOutputs` applies: a kernel of several elements from many channels to few. */
export function hasFewOutputs(c: Convolution): boolean {
  return (
    !isWeightGradient(c) &&
    sizeOf(spatialShape(c, c.w)) > 1 &&
    c.x.shape[c.roles.channel] >= SHORT_ROW &&
    size(c.w, c.roles.outputs) < SHORT_ROW
  );
}
