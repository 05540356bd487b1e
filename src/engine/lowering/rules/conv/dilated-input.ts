import type { GraphBuilder, Value } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import { dtypeOf, range, type View } from "../../../graph/view.js";
import { gatherTable } from "../index-tables.js";
import { rowIndices } from "./channels-last.js";
import {
  type Convolution,
  resultRoles,
  size,
  spatialShape,
  storedKernel,
  windowTableOf,
} from "./convolution.js";
import { packed, resultView } from "./layout.js";

/**
 * Convolutions of an x with gaps between its pixels, without multiplying the gaps. The input
 * gradient of a strided convolution and the forward pass of a transposed convolution are of this
 * kind. For 3 pixels, lhsDilation 2, 3 taps and one element of padding at each end:
 *
 *     x with gaps     .  0  .  1  .  2  .
 *     position 0     [t0 t1 t2]              meets a pixel at tap 1
 *     position 1        [t0 t1 t2]           meets pixels at taps 0 and 2
 *     position 2           [t0 t1 t2]        meets a pixel at tap 1
 *     position 3              [t0 t1 t2]     meets pixels at taps 0 and 2
 *     position 4                 [t0 t1 t2]  meets a pixel at tap 1
 *
 * Positions that meet pixels at the same taps form a phase. Each phase is a dense convolution with
 * the kernel made of these taps. Along two axes, a 3×3 kernel and lhsDilation 2 give four phases of
 * 4, 2, 2 and 1 taps.
 */
export function dilatedInput(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const [n, o, channels] = [size(c.x, batch), size(c.w, outputs), c.x.shape[channel]];
  const x = packed(g, c.x, [[...spatial, ...batch], [channel]]);
  const { w, reversed } = storedKernel(g, c);
  const kernels = packed(g, w, [spatial, [channel], outputs]);
  const table = windowTableOf(c);
  const phases = phasesOf(c);
  const parts = phases.map(({ taps, positions }): Value => {
    const rows = positions.length * n;
    if (taps.length === 0) return ops.filled(g, 0, dtypeOf(c.x) as "float32" | "float64", [rows, o]);
    const dense = {
      taps: taps.length,
      positions: positions.length,
      indices: Int32Array.from(
        taps.flatMap((t) => positions.map((p) => table.indices[t * table.positions + p])),
      ),
    };
    const columns = gatherTable(g, x, {
      axis: 0,
      indices: rowIndices(dense, n),
      shape: [rows, taps.length],
    });
    const stored = taps.map((t) => (reversed ? table.taps - 1 - t : t));
    const kernel = ops.take(g, kernels, { axis: 0, indices: Int32Array.from(stored), shape: [taps.length] });
    const depth = taps.length * channels;
    return ops.matmul(g, ops.reshape(g, columns, [rows, depth]), ops.reshape(g, kernel, [depth, o]));
  });
  // The parts hold the positions phase by phase. `place` says where each position is among them.
  const order = phases.flatMap(({ positions }) => positions);
  const place = new Int32Array(order.length);
  order.forEach((position, i) => {
    place[position] = i;
  });
  const joined = ops.reshape(g, ops.concat(g, parts, 0), [order.length, n * o]);
  const out = resultRoles(c);
  const ordered = ops.take(g, joined, { axis: 0, indices: place, shape: [order.length] });
  return resultView(g, c, ordered, [out.spatial, out.batch, out.outputs]);
}

/** The positions that meet pixels at the same taps. */
interface Phase {
  readonly taps: readonly number[];
  readonly positions: readonly number[];
}

/** The phases along all spatial axes together, with flat indices of taps and positions. */
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

/**
 * The phases along one axis. Tap t at position p reads the element p·stride + t·dilation − before
 * of x with gaps. It meets a pixel, not a gap, where that number is a multiple of lhsDilation.
 */
function phasesAlong(c: Convolution, axis: number, taps: number, positions: number): Phase[] {
  const [stride, dilation] = [c.strides[axis], c.rhsDilation[axis]];
  const [before, spread] = [c.padding[axis][0], c.lhsDilation[axis]];
  const remainder = (i: number) => ((i % spread) + spread) % spread;
  return range(spread)
    .map((phase) => ({
      taps: range(taps).filter((t) => remainder(t * dilation + phase) === 0),
      positions: range(positions).filter((p) => remainder(p * stride - before) === phase),
    }))
    .filter((phase) => phase.positions.length > 0);
}
