import { sizeOf } from "../../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import { dtypeOf, type View } from "../../../graph/view.js";
import { gatherTable } from "../tables.js";
import {
  type Convolution,
  packed,
  resultRoles,
  resultView,
  size,
  spatialShape,
  storedKernel,
  tableOf,
} from "./convolution.js";
import { perSample } from "./rows.js";

/**
 * A convolution of a dilated x, the input gradient of a strided one, without the zeros between x's elements: positions that
 * meet x at the same taps are one phase, and each phase is a small convolution of its own. With a 3×3 kernel and
 * dilation 2 the four phases have 4, 2, 2 and 1 taps where all taps would be 36.
 */
export function phases(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const [n, o, channels] = [size(c.x, batch), size(c.w, outputs), c.x.shape[channel]];
  const x = packed(g, c.x, [[...spatial, ...batch], [channel]]);
  const { w, reversed } = storedKernel(g, c);
  const kernels = packed(g, w, [spatial, [channel], outputs]);
  const table = tableOf(c);
  const parts = phasesOf(c).map(({ taps, positions }): Value => {
    const rows = positions.length * n;
    if (taps.length === 0) return ops.filled(g, 0, dtypeOf(c.x) as "float32" | "float64", [rows, o]);
    const indices = Int32Array.from(
      taps.flatMap((t) => positions.map((p) => table.indices[t * table.positions + p])),
    );
    const columns = gatherTable(
      g,
      x,
      0,
      perSample({ taps: taps.length, positions: positions.length, indices }, n),
      [rows, taps.length],
    );
    const stored = taps.map((t) => (reversed ? table.taps - 1 - t : t));
    const kernel = ops.take(g, kernels, Int32Array.from(stored), [taps.length], 0);
    const depth = taps.length * channels;
    return ops.matmul(g, ops.reshape(g, columns, [rows, depth]), ops.reshape(g, kernel, [depth, o]));
  });
  const order = phasesOf(c).flatMap(({ positions }) => positions);
  const place = new Int32Array(order.length);
  order.forEach((position, i) => {
    place[position] = i;
  });
  const joined = ops.reshape(g, ops.concat(g, parts, 0), [order.length, n * o]);
  const out = resultRoles(c);
  const ordered = ops.take(g, joined, place, [order.length], 0);
  return resultView(g, c, ordered, [out.spatial, out.batch, out.outputs]);
}

interface Phase {
  readonly taps: readonly number[];
  readonly positions: readonly number[];
}

/** The phases along all axes together, taps and positions as flat indices. */
function phasesOf(c: Convolution): Phase[] {
  const [kernel, extents] = [spatialShape(c, c.w), spatialShape(c, c.result)];
  return extents.reduce<Phase[]>(
    (outer, _, axis) => {
      const inner = phasesAlong(c, axis, kernel[axis], extents[axis]);
      return outer.flatMap((a) =>
        inner.map((b) => ({
          taps: a.taps.flatMap((t) => b.taps.map((u) => t * kernel[axis] + u)),
          positions: a.positions.flatMap((p) => b.positions.map((q) => p * extents[axis] + q)),
        })),
      );
    },
    [{ taps: [0], positions: [0] }],
  );
}

/** Along one axis: position p and tap t meet an element of x, not a gap, if p·stride + t·dilation − before divides. */
function phasesAlong(c: Convolution, axis: number, taps: number, positions: number): Phase[] {
  const [stride, dilation] = [c.strides[axis], c.rhsDilation[axis]];
  const [before, spread] = [c.padding[axis][0], c.lhsDilation[axis]];
  const remainder = (i: number) => ((i % spread) + spread) % spread;
  const all = (count: number) => Array.from({ length: count }, (_, i) => i);
  return all(spread)
    .map((phase) => ({
      taps: all(taps).filter((t) => remainder(t * dilation + phase) === 0),
      positions: all(positions).filter((p) => remainder(p * stride - before) === phase),
    }))
    .filter((phase) => phase.positions.length > 0);
}

/** Whether x has gaps. */
export const isDilated = (c: Convolution): boolean => sizeOf(c.lhsDilation) > 1;
