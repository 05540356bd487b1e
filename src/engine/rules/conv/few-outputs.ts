import { sizeOf } from "../../../tensor.js";
import type { GraphBuilder } from "../../graph.js";
import * as ops from "../../ops.js";
import type { View } from "../../view.js";
import { ABSENT, gatherTable, type Table } from "../tables.js";
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
  const [n, o, pixels] = [size(c.x, batch), size(w, outputs), size(c.x, spatial)];
  const x = packed(g, c.x, [[...spatial, ...batch], [channel]]);
  const kernel = packed(g, w, [[...spatial, ...outputs], [channel]]);
  const products = ops.reshape(g, ops.gemm(g, kernel, x, { transB: true }), [table.taps * o * pixels, n]);
  const pairs = pairsAt(table);
  const indices = pairs.flatMap((row) =>
    Array.from({ length: o }, (_, output) =>
      row.map(([tap, pixel]) => {
        const stored = reversed ? table.taps - 1 - tap : tap;
        return pixel === ABSENT ? ABSENT : (stored * o + output) * pixels + pixel;
      }),
    ).flat(),
  );
  const shape = [pairs.length, o, table.positions];
  const gathered = gatherTable(g, products, 0, Int32Array.from(indices), shape);
  const out = resultRoles(c);
  const sums = ops.reduce(g, "ReduceSum", gathered, [0]);
  return resultView(g, c, sums, [out.outputs, out.spatial, out.batch]);
}

/** Whether `fewOutputs` computes it: a kernel of several taps from many channels to few. */
export function hasFewOutputs(c: Convolution): boolean {
  return (
    !sumsOverSamples(c) &&
    sizeOf(spatialShape(c, c.w)) > 1 &&
    c.x.shape[c.roles.channel]! >= SHORT_ROW &&
    size(c.w, c.roles.outputs) < SHORT_ROW
  );
}

type Meeting = readonly [tap: number, pixel: number];

/** The taps and pixels that meet at each position, in as few rows as the fullest position has; ABSENT pixels fill up. */
function pairsAt({ taps, positions, indices }: Table): Meeting[][] {
  const meetings = Array.from({ length: positions }, (_, p) =>
    Array.from({ length: taps }, (_, t): Meeting => [t, indices[t * positions + p]!]).filter(
      ([, pixel]) => pixel !== ABSENT,
    ),
  );
  const rows = meetings.reduce((most, { length }) => Math.max(most, length), 1);
  return Array.from({ length: rows }, (_, row) => meetings.map((list): Meeting => list[row] ?? [0, ABSENT]));
}
