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
 * kind. For 3 pixels, lhsDilation 2, a kernel of 3 and one element of padding at each end:
 *
 *     x with gaps     .  0  .  1  .  2  .
 *     position 0     [t0 t1 t2]              meets a pixel at offset 1
 *     position 1        [t0 t1 t2]           meets pixels at offsets 0 and 2
 *     position 2           [t0 t1 t2]        meets a pixel at offset 1
 *     position 3              [t0 t1 t2]     meets pixels at offsets 0 and 2
 *     position 4                 [t0 t1 t2]  meets a pixel at offset 1
 *
 * Positions that meet pixels at the same offsets form a phase. Each phase is a dense convolution
 * with the kernel elements at these offsets. Along two axes, a 3×3 kernel and lhsDilation 2 give
 * four phases of 4, 2, 2 and 1 offsets.
 */
export function dilatedInput(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const [n, o, channels] = [size(c.x, batch), size(c.w, outputs), c.x.shape[channel]];
  const x = packed(g, c.x, [[...spatial, ...batch], [channel]]);
  const { w, reversed } = storedKernel(g, c);
  const kernels = packed(g, w, [spatial, [channel], outputs]);
  const table = windowTableOf(c);
  const phases = phasesOf(c);
  const parts = phases.map(({ offsets, positions }): Value => {
    const rows = positions.length * n;
    if (offsets.length === 0) return ops.filled(g, 0, dtypeOf(c.x) as "float32" | "float64", [rows, o]);
    const dense = {
      offsets: offsets.length,
      positions: positions.length,
      indices: Int32Array.from(
        offsets.flatMap((t) => positions.map((p) => table.indices[t * table.positions + p])),
      ),
    };
    const columns = gatherTable(g, x, {
      axis: 0,
      indices: rowIndices(dense, n),
      shape: [rows, offsets.length],
    });
    const stored = offsets.map((t) => (reversed ? table.offsets - 1 - t : t));
    const kernel = ops.take(g, kernels, {
      axis: 0,
      indices: Int32Array.from(stored),
      shape: [offsets.length],
    });
    const depth = offsets.length * channels;
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

/** The positions that meet pixels at the same offsets. */
interface Phase {
  readonly offsets: readonly number[];
  readonly positions: readonly number[];
}

/** The phases along all spatial axes together, with flat indices of offsets and positions. */
function phasesOf(c: Convolution): Phase[] {
  const [kernel, extents] = [spatialShape(c, c.w), spatialShape(c, c.result)];
  return extents.reduce<Phase[]>(
    (outer, _, axis) => {
      const inner = phasesAlong(c, axis, kernel[axis], extents[axis]);
      return outer.flatMap((a) =>
        inner.map((b) => ({
          offsets: a.offsets.flatMap((t) => b.offsets.map((u) => t * kernel[axis] + u)),
          positions: a.positions.flatMap((p) => b.positions.map((q) => p * extents[axis] + q)),
        })),
      );
    },
    [{ offsets: [0], positions: [0] }],
  );
}

/**
 * The phases along one axis. Offset t at position p reads the element p·stride + t·dilation −
 * before of x with gaps. It meets a pixel, not a gap, where that number is a multiple of
 * lhsDilation.
 */
function phasesAlong(c: Convolution, axis: number, offsets: number, positions: number): Phase[] {
  const [stride, dilation] = [c.strides[axis], c.rhsDilation[axis]];
  const [before, spread] = [c.padding[axis][0], c.lhsDilation[axis]];
  const remainder = (i: number) => ((i % spread) + spread) % spread;
  return range(spread)
    .map((phase) => ({
      offsets: range(offsets).filter((t) => remainder(t * dilation + phase) === 0),
      positions: range(positions).filter((p) => remainder(p * stride - before) === phase),
    }))
    .filter((phase) => phase.positions.length > 0);
}
