import { sizeOf } from "../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import type { Pair } from "../../tracing/primitives.js";

/**
 * Index tables: for a sliding window, which input element is read at each offset and position.
 *
 * An offset is the place of an element within the window; in a convolution, of a kernel element. A
 * position is a place of the whole window, so an element of the result. Tables are computed at
 * compile time. At run time, a single Gather then serves every padding, stride, dilation and gap.
 * For 5 inputs, a window of 3, stride 2 and one element of padding at each end:
 *
 *     padded input    .  0  1  2  3  4  .
 *     position 0     [t0 t1 t2]
 *     position 1           [t0 t1 t2]
 *     position 2                 [t0 t1 t2]
 *
 *     window table         p=0   p=1   p=2
 *           t=0             -1     1     3        -1 = ABSENT, reads a zero
 *           t=1              0     2     4
 *           t=2              1     3    -1
 *
 * Two tables are derived from it. Both list pairs as one flat number, in columns filled up with
 * ABSENT.
 *
 *     readers table         i=0   i=1   i=2   i=3   i=4
 *       row 0                 3     1     4     2     5     (offset, position) pairs that read
 *       row 1                -1     6    -1     7    -1     input i: offset · 3 + position
 *
 *     meetings table        p=0   p=1   p=2
 *       row 0                 5     1     3                 (offset, input) pairs that meet at
 *       row 1                11     7     9                 position p: offset · 5 + input
 *       row 2                -1    13    -1
 */

/** Marks an entry that reads a zero: padding, or a gap between spread elements. */
export const ABSENT = -1;

/**
 * One spatial axis of a sliding window. Offset t at position p reads input
 * p·stride + t·dilation − before.
 */
export interface WindowAxis {
  /** Number of input elements. */
  readonly input: number;
  readonly offsets: number;
  readonly positions: number;
  readonly stride: number;
  /** Padding before the first element. A negative number crops. */
  readonly before: number;
  /** Distance between neighbouring input elements. The gaps between them hold zeros. */
  readonly spread: number;
  /** Distance between neighbouring elements of the window. */
  readonly dilation: number;
}

export interface IndexTable {
  readonly offsets: number;
  readonly positions: number;
  /** Flat index of the input element that offset t reads at position p, at [t · positions + p]. */
  readonly indices: Int32Array;
}

/** The window table over all `axes` together. The last axis varies fastest. */
export function windowTable(axes: readonly WindowAxis[]): IndexTable {
  return productTable(axes.map(axisTable));
}

/** The table of a single axis, which has `input` elements. */
interface AxisTable extends IndexTable {
  readonly input: number;
}

/**
 * Combines the tables of single axes. Offsets, positions and inputs of the last axis vary fastest.
 */
function productTable(axes: readonly AxisTable[]): IndexTable {
  const offsetCounts = axes.map((a) => a.offsets);
  const positionSizes = axes.map((a) => a.positions);
  const [offsets, positions] = [sizeOf(offsetCounts), sizeOf(positionSizes)];
  const indices = new Int32Array(offsets * positions);
  const offsetAt = coordinates(offsetCounts);
  const positionAt = coordinates(positionSizes);
  for (let t = 0; t < offsets; t++) {
    for (let p = 0; p < positions; p++) {
      let index = 0;
      for (let d = 0; d < axes.length; d++) {
        const at = axes[d].indices[offsetAt[t][d] * positionSizes[d] + positionAt[p][d]];
        if (at === ABSENT) {
          index = ABSENT;
          break;
        }
        index = index * axes[d].input + at;
      }
      indices[t * positions + p] = index;
    }
  }
  return { offsets, positions, indices };
}

function axisTable({ input, offsets, positions, stride, before, spread, dilation }: WindowAxis): AxisTable {
  const indices = new Int32Array(offsets * positions).fill(ABSENT);
  for (let t = 0; t < offsets; t++)
    for (let p = 0; p < positions; p++) {
      const at = p * stride + t * dilation - before;
      if (at >= 0 && at % spread === 0 && at / spread < input) indices[t * positions + p] = at / spread;
    }
  return { input, offsets, positions, indices };
}

/**
 * One spatial axis cut into tiles. Offset t of the tile at `start` reads at start + t·step −
 * before.
 */
export interface TiledAxis {
  /** Number of input elements. */
  readonly input: number;
  readonly offsets: number;
  readonly starts: readonly number[];
  /** Distance between neighbouring elements of the window. */
  readonly step: number;
  /** Padding before the first element. */
  readonly before: number;
}

/**
 * Which input elements the tiles of all `axes` together read. The table's positions are the tiles.
 */
export function tileTable(axes: readonly TiledAxis[]): IndexTable {
  return productTable(
    axes.map(({ input, offsets, starts, step, before }) => {
      const at = (t: number, start: number) => start + t * step - before;
      const inside = (index: number) => (index >= 0 && index < input ? index : ABSENT);
      const rows = Array.from({ length: offsets }, (_, t) => starts.map((start) => inside(at(t, start))));
      return { input, offsets, positions: starts.length, indices: Int32Array.from(rows.flat()) };
    }),
  );
}

/** The coordinates of every element of a tensor of this shape, in C order. */
function coordinates(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (prefixes, size) => prefixes.flatMap((prefix) => Array.from({ length: size }, (_, i) => [...prefix, i])),
    [[]],
  );
}

export interface TableGather {
  /** The axis of x that the indices count along. */
  readonly axis: number;
  /** Indices along `axis`; ABSENT reads a zero. */
  readonly indices: Int32Array;
  /** The shape that replaces `axis` in the result. */
  readonly shape: readonly number[];
  /**
   * Whether the zero for ABSENT is added after x (the default) or before x. Values are the same.
   */
  readonly zero?: "after" | "before";
}

/**
 * Elements of x at `indices` along `axis`, in an array of `shape`. x grows by one zero if ABSENT
 * occurs.
 */
export function gatherTable(
  g: GraphBuilder,
  x: Value,
  { axis, indices, shape, zero = "after" }: TableGather,
): Value {
  if (!indices.includes(ABSENT)) return ops.take(g, x, { axis, indices, shape });
  const width: Pair = zero === "before" ? [1, 0] : [0, 1];
  const padded = ops.pad(
    g,
    x,
    x.shape.map((_, i): Pair => (i === axis ? width : [0, 0])),
  );
  const [shift, zeroAt] = zero === "before" ? [1, 0] : [0, x.shape[axis]];
  const shifted = indices.map((index) => (index === ABSENT ? zeroAt : index + shift));
  return ops.take(g, padded, { axis, indices: shifted, shape });
}

/**
 * Lists as the columns of a table that has at least one row; short columns are filled up with
 * ABSENT.
 */
export interface ColumnTable {
  readonly rows: number;
  /** Entry `row` of list `column`, at [row · columns + column]. */
  readonly indices: Int32Array;
}

/**
 * For every input element, the pairs that read it, each as offset · positions + position.
 */
export function readersTable({ offsets, positions, indices }: IndexTable, inputs: number): ColumnTable {
  const readers: number[][] = Array.from({ length: inputs }, () => []);
  for (let i = 0; i < offsets * positions; i++) if (indices[i] !== ABSENT) readers[indices[i]].push(i);
  return asColumns(readers);
}

/** For every position, the pairs that meet there, each as offset · inputs + input. */
export function meetingsTable({ offsets, positions, indices }: IndexTable, inputs: number): ColumnTable {
  const meetings: number[][] = Array.from({ length: positions }, () => []);
  for (let t = 0; t < offsets; t++)
    for (let p = 0; p < positions; p++) {
      const at = indices[t * positions + p];
      if (at !== ABSENT) meetings[p].push(t * inputs + at);
    }
  return asColumns(meetings);
}

function asColumns(lists: readonly number[][]): ColumnTable {
  const rows = lists.reduce((most, list) => Math.max(most, list.length), 1);
  const indices = new Int32Array(rows * lists.length).fill(ABSENT);
  lists.forEach((list, column) => {
    list.forEach((value, row) => {
      indices[row * lists.length + column] = value;
    });
  });
  return { rows, indices };
}
