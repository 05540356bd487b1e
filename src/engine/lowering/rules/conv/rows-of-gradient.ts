import type { GraphBuilder, Value } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import type { View } from "../../../graph/view.js";
import type { Pair } from "../../../tracing/primitives.js";
import { ABSENT, gatherTable, type Table } from "../tables.js";
import {
  byPosition,
  type Convolution,
  type Matrix,
  matrix,
  packed,
  resultRoles,
  resultView,
  size,
  tableOf,
} from "./convolution.js";
import { bandsOf, SHORT_ROW } from "./rows.js";

/**
 * The gradient of a weight, a convolution with few positions and many taps whose channel is the samples and whose batch the
 * weight's input channel. One operand is shifted, a copy for each position, and multiplied with the other: the one that has more
 * pixels, so that the gaps of a dilated one are never multiplied.
 */
export function rowsOfGradient(g: GraphBuilder, c: Convolution): View {
  const shifting = shiftingOf(c);
  const { channels, samples } = shifting;
  return channels < SHORT_ROW || samples >= SHORT_RUN ? inBands(g, c, shifting) : byPositions(g, c, shifting);
}

/** Samples in a row too short to gather one by one. */
const SHORT_RUN = 16;

/** The image or the cotangent, its logical axes beside samples and pixels, and where the result has those. */
interface Operand {
  readonly view: View;
  readonly outer: readonly number[];
  readonly result: readonly number[];
}

interface Shifting {
  readonly shifted: Operand;
  readonly fixed: Operand;
  /** Elements of the shifted operand beside samples and pixels. */
  readonly channels: number;
  readonly samples: number;
  readonly positions: number;
  /** Pixels of the fixed operand. */
  readonly pixels: number;
  /** The pixel of the shifted operand that meets each of them at each position, at [position · pixels + pixel]. */
  readonly indices: Int32Array;
}

function shiftingOf(c: Convolution): Shifting {
  const { batch, outputs, channel, spatial } = c.roles;
  const out = resultRoles(c);
  const image: Operand = { view: c.x, outer: batch, result: out.batch };
  const cotangent: Operand = { view: c.w, outer: outputs, result: out.outputs };
  const table = tableOf(c);
  const { taps, positions } = table;
  const imagePixels = size(c.x, spatial);
  const swapped = imagePixels < taps;
  const [shifted, fixed] = swapped ? [cotangent, image] : [image, cotangent];
  return {
    ...{ shifted, fixed, positions },
    channels: size(shifted.view, shifted.outer),
    samples: c.x.shape[channel],
    pixels: swapped ? imagePixels : taps,
    indices: swapped ? readersOf(table, imagePixels) : byPosition(table),
  };
}

/** Which tap reads each of x's pixels at each position, at [position · pixels + pixel]; at most one does. */
function readersOf({ taps, positions, indices }: Table, pixels: number): Int32Array {
  const readers = new Int32Array(positions * pixels).fill(ABSENT);
  for (let t = 0; t < taps; t++)
    for (let p = 0; p < positions; p++) {
      const pixel = indices[t * positions + p];
      if (pixel !== ABSENT) readers[p * pixels + pixel] = t;
    }
  return readers;
}

/**
 * [channels·positions, pixels·N] times [pixels·N, others], both read in the order they are stored, which takes half as long as
 * the transposed products below; some pixels at a time.
 */
function inBands(g: GraphBuilder, c: Convolution, shifting: Shifting): View {
  const { shifted, fixed, channels, samples, positions, pixels, indices } = shifting;
  const { channel, spatial } = c.roles;
  const out = resultRoles(c);
  const rows = packed(g, shifted.view, [shifted.outer, spatial, [channel]]);
  const factor = matrix(g, fixed.view, [...spatial, channel], fixed.outer);
  const products = bandsOf(pixels, channels * positions * samples).map(([from, to]) => {
    const width = to - from;
    const within = Int32Array.from({ length: positions * width }, (_, i) => {
      const position = Math.floor(i / width);
      return indices[position * pixels + from + (i % width)];
    });
    const windows = gatherTable(g, rows, 1, within, [positions, width]);
    const columns = ops.reshape(g, windows, [channels * positions, width * samples]);
    return ops.gemm(g, columns, rowsOf(g, factor, from * samples, to * samples), {
      transB: factor.transposed,
    });
  });
  const product = products.reduce((a, b) => ops.elementwise(g, "Add", [a, b]));
  return resultView(g, c, product, [shifted.result, out.spatial, fixed.result]);
}

/** Rows `from` … `to` of a matrix. */
function rowsOf(g: GraphBuilder, { value, transposed }: Matrix, from: number, to: number): Value {
  const all = value.shape.map((n): Pair => [0, n]);
  return ops.slice(g, value, all.with(transposed ? 1 : 0, [from, to]));
}

/** For each position [pixels·N, others], transposed, times [pixels·N, channels]: rows of channels where samples are few. */
function byPositions(g: GraphBuilder, c: Convolution, shifting: Shifting): View {
  const { shifted, fixed, channels, samples, positions, pixels, indices } = shifting;
  const { channel, spatial } = c.roles;
  const out = resultRoles(c);
  const others = size(fixed.view, fixed.outer);
  const depth = pixels * samples;
  const rows = packed(g, shifted.view, [spatial, [channel, ...shifted.outer]]);
  const windows = gatherTable(g, rows, 0, indices, [positions, pixels]);
  const factor = packed(g, fixed.view, [[...spatial, channel], fixed.outer]);
  const product =
    positions === 1
      ? ops.gemm(g, factor, ops.reshape(g, windows, [depth, channels]), { transA: true })
      : ops.batchedProduct(
          g,
          ops.reshape(g, factor, [1, depth, others]),
          ops.reshape(g, windows, [positions, depth, channels]),
          { transA: true },
        );
  return resultView(g, c, product, [out.spatial, fixed.result, shifted.result]);
}
