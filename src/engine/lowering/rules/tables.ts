import { sizeOf } from "../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import type { Pair } from "../../tracing/primitives.js";

/**
 * Index tables: which input element a sliding window reads, worked out while compiling, so that at run time
 * windows, dilations, strides and paddings of every kind are one Gather.
 */

/** Marks a place where the window reads a zero: padding, or a gap between spread elements. */
export const ABSENT = -1;

/** One spatial axis of a sliding window. */
export interface Axis {
  readonly input: number;
  readonly taps: number;
  readonly positions: number;
  readonly stride: number;
  /** Padding before the first element; negative crops. */
  readonly before: number;
  /** Distance of neighbouring input elements; the gaps hold zeros. */
  readonly spread: number;
  /** Distance of neighbouring taps. */
  readonly dilation: number;
}

export interface Table {
  readonly taps: number;
  readonly positions: number;
  /** Flat input index read by tap t at position p, at [t · positions + p]. */
  readonly indices: Int32Array;
}

export function convolutionTable(axes: readonly Axis[]): Table {
  return productTable(axes.map(axisTable));
}

/** One spatial axis: which of `input` elements tap t reads at position p, at [t · positions + p]. */
interface AxisTable extends Table {
  readonly input: number;
}

/** The table of several axes together, taps and positions of the later ones innermost. */
function productTable(axes: readonly AxisTable[]): Table {
  const tapSizes = axes.map((a) => a.taps);
  const positionSizes = axes.map((a) => a.positions);
  const [taps, positions] = [sizeOf(tapSizes), sizeOf(positionSizes)];
  const indices = new Int32Array(taps * positions);
  const tapAt = coordinates(tapSizes);
  const positionAt = coordinates(positionSizes);
  for (let t = 0; t < taps; t++) {
    for (let p = 0; p < positions; p++) {
      let index = 0;
      for (let d = 0; d < axes.length; d++) {
        const at = axes[d].indices[tapAt[t][d] * positionSizes[d] + positionAt[p][d]];
        if (at === ABSENT) {
          index = ABSENT;
          break;
        }
        index = index * axes[d].input + at;
      }
      indices[t * positions + p] = index;
    }
  }
  return { taps, positions, indices };
}

function axisTable({ input, taps, positions, stride, before, spread, dilation }: Axis): AxisTable {
  const indices = new Int32Array(taps * positions).fill(ABSENT);
  for (let t = 0; t < taps; t++)
    for (let p = 0; p < positions; p++) {
      const at = p * stride + t * dilation - before;
      if (at >= 0 && at % spread === 0 && at / spread < input) indices[t * positions + p] = at / spread;
    }
  return { input, taps, positions, indices };
}

/** One spatial axis cut into tiles: tap t of the tile at `start` reads start + t·step − before. */
export interface TiledAxis {
  readonly input: number;
  readonly taps: number;
  readonly starts: readonly number[];
  readonly step: number;
  readonly before: number;
}

/** What tiles of two or more axes read; the positions are the tiles. */
export function tileTable(axes: readonly TiledAxis[]): Table {
  return productTable(
    axes.map(({ input, taps, starts, step, before }) => {
      const at = (t: number, start: number) => start + t * step - before;
      const inside = (index: number) => (index >= 0 && index < input ? index : ABSENT);
      const rows = Array.from({ length: taps }, (_, t) => starts.map((start) => inside(at(t, start))));
      return { input, taps, positions: starts.length, indices: Int32Array.from(rows.flat()) };
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

/**
 * x at `indices` along `axis`, which becomes axes of `shape`; an absent index reads zero, which stands after x. Standing
 * before it instead (`zeroFirst`) makes a copy of x of its own.
 */
export function gatherTable(
  g: GraphBuilder,
  x: Value,
  axis: number,
  indices: Int32Array,
  shape: readonly number[],
  zeroFirst = false,
): Value {
  if (!indices.includes(ABSENT)) return ops.take(g, x, indices, shape, axis);
  const zero: Pair = zeroFirst ? [1, 0] : [0, 1];
  const padded = ops.pad(
    g,
    x,
    x.shape.map((_, i): Pair => (i === axis ? zero : [0, 0])),
  );
  const [shift, zeroAt] = zeroFirst ? [1, 0] : [0, x.shape[axis]];
  return ops.take(
    g,
    padded,
    indices.map((index) => (index === ABSENT ? zeroAt : index + shift)),
    shape,
    axis,
  );
}

/**
 * The transposed table: for every input element, the (tap, position) pairs that read it, as flat indices
 * t · positions + p, in rows of equal length filled up with ABSENT; at [row · inputs + input].
 */
export function transposeTable(
  { taps, positions, indices }: Table,
  inputs: number,
): { readonly rows: number; readonly indices: Int32Array } {
  const readers: number[][] = Array.from({ length: inputs }, () => []);
  for (let i = 0; i < taps * positions; i++) if (indices[i] !== ABSENT) readers[indices[i]].push(i);
  return inRows(readers);
}

/**
 * For every position, the (tap, input element) pairs that meet there, as flat indices tap · inputs + input, in rows of equal
 * length filled up with ABSENT; at [row · positions + position].
 */
export function meetingTable(
  { taps, positions, indices }: Table,
  inputs: number,
): { readonly rows: number; readonly indices: Int32Array } {
  const meetings: number[][] = Array.from({ length: positions }, () => []);
  for (let t = 0; t < taps; t++)
    for (let p = 0; p < positions; p++) {
      const at = indices[t * positions + p];
      if (at !== ABSENT) meetings[p].push(t * inputs + at);
    }
  return inRows(meetings);
}

/** Lists as columns of rows, at least one of them, filled up with ABSENT; at [row · lists + list]. */
function inRows(lists: readonly number[][]): { readonly rows: number; readonly indices: Int32Array } {
  const rows = lists.reduce((most, list) => Math.max(most, list.length), 1);
  const indices = new Int32Array(rows * lists.length).fill(ABSENT);
  lists.forEach((list, column) => {
    list.forEach((value, row) => {
      indices[row * lists.length + column] = value;
    });
  });
  return { rows, indices };
}
