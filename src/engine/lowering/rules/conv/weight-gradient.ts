import type { GraphBuilder, Value } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import type { View } from "../../../graph/view.js";
import type { Pair } from "../../../tracing/primitives.js";
import { ABSENT, gatherTable, type IndexTable } from "../index-tables.js";
import { pixelBands, SHORT_ROW } from "./channels-last.js";
import { byPosition, type Convolution, resultRoles, size, windowTableOf } from "./convolution.js";
import { type Matrix, matrix, packed, resultView } from "./layout.js";

/**
 * Weight gradient as a convolution: batch and channel axes swap roles, and the cotangent is the
 * kernel.
 *
 *     in this convolution                     in the network
 *     x       [batch,  channel, pixels]       image      [input channel,  sample, pixel]
 *     w       [output, channel, offsets]      cotangent  [output channel, sample, pixel]
 *     result  [batch,  output,  positions]    gradient   [input channel,  output channel, offset]
 *
 *     result[c, o, p] = Σ_n Σ_q image[c, n, p + q] · cotangent[o, n, q]
 *
 * For every position p, one operand is shifted until its pixels line up with those of the fixed
 * operand. Then the sum over samples and pixels is a matrix product. With 5 pixels in the image, 3
 * in the cotangent:
 *
 *     cotangent, fixed         g0 g1 g2
 *     image at position 0      x0 x1 x2
 *     image at position 1      x1 x2 x3
 *     image at position 2      x2 x3 x4
 *
 * The operand with more pixels is shifted. For an image with gaps, x0 . x1 . x2 with one element of
 * padding in front, this is the cotangent. The gaps then take no part in the product:
 *
 *     image, fixed             x0 x1 x2
 *     cotangent at position 0  g1 g3 g5
 *     cotangent at position 1  g0 g2 g4
 *     cotangent at position 2   . g1 g3        . is a zero
 */
export function weightGradient(g: GraphBuilder, c: Convolution): View {
  const operands = operandsOf(c);
  const { channels, samples } = operands;
  return channels < SHORT_ROW || samples >= SHORT_RUN
    ? inOneProduct(g, c, operands)
    : positionByPosition(g, c, operands);
}

/** With fewer samples, the samples of a pixel are a run too short to be gathered on its own. */
const SHORT_RUN = 16;

/** The image or the cotangent. */
interface Operand {
  readonly view: View;
  /** Its logical axes besides samples and pixels: its channels. */
  readonly outer: readonly number[];
  /** The same channels as axes of the result. */
  readonly result: readonly number[];
}

interface Operands {
  readonly shifted: Operand;
  readonly fixed: Operand;
  /** Number of channels of the shifted operand. */
  readonly channels: number;
  readonly samples: number;
  readonly positions: number;
  /** Number of pixels of the fixed operand. */
  readonly pixels: number;
  /**
   * The pixel of the shifted operand that lines up with each fixed one, at [position · pixels +
   * pixel].
   */
  readonly indices: Int32Array;
}

function operandsOf(c: Convolution): Operands {
  const { batch, outputs, channel, spatial } = c.roles;
  const out = resultRoles(c);
  const image: Operand = { view: c.x, outer: batch, result: out.batch };
  const cotangent: Operand = { view: c.w, outer: outputs, result: out.outputs };
  const table = windowTableOf(c);
  const { offsets, positions } = table;
  const imagePixels = size(c.x, spatial);
  const shiftsCotangent = imagePixels < offsets;
  const [shifted, fixed] = shiftsCotangent ? [cotangent, image] : [image, cotangent];
  return {
    ...{ shifted, fixed, positions },
    channels: size(shifted.view, shifted.outer),
    samples: c.x.shape[channel],
    pixels: shiftsCotangent ? imagePixels : offsets,
    indices: shiftsCotangent ? offsetsByPixel(table, imagePixels) : byPosition(table),
  };
}

/**
 * The one offset that reads a pixel of x at a position, or ABSENT, at [position · pixels + pixel].
 */
function offsetsByPixel({ offsets, positions, indices }: IndexTable, pixels: number): Int32Array {
  const readers = new Int32Array(positions * pixels).fill(ABSENT);
  for (let t = 0; t < offsets; t++)
    for (let p = 0; p < positions; p++) {
      const pixel = indices[t * positions + p];
      if (pixel !== ABSENT) readers[p * pixels + pixel] = t;
    }
  return readers;
}

/**
 * All positions in one product, shifted [channels·positions, pixels·N] · fixed [pixels·N, other
 * channels], summed over bands of pixels. Both factors are read as they are stored, which takes
 * half the time of reading one transposed, as `positionByPosition` does.
 */
function inOneProduct(g: GraphBuilder, c: Convolution, operands: Operands): View {
  const { shifted, fixed, channels, samples, positions, pixels, indices } = operands;
  const { channel, spatial } = c.roles;
  const out = resultRoles(c);
  const rows = packed(g, shifted.view, [shifted.outer, spatial, [channel]]);
  const factor = matrix(g, fixed.view, [...spatial, channel], fixed.outer);
  const products = pixelBands(pixels, channels * positions * samples).map(([from, to]) => {
    const width = to - from;
    const inBand = Int32Array.from({ length: positions * width }, (_, i) => {
      const position = Math.floor(i / width);
      return indices[position * pixels + from + (i % width)];
    });
    const windows = gatherTable(g, rows, { axis: 1, indices: inBand, shape: [positions, width] });
    const columns = ops.reshape(g, windows, [channels * positions, width * samples]);
    return ops.gemm(g, columns, rowsOf(g, factor, from * samples, to * samples), {
      transB: factor.transposed,
    });
  });
  const product = products.reduce((a, b) => ops.elementwise(g, "Add", [a, b]));
  return resultView(g, c, product, [shifted.result, out.spatial, fixed.result]);
}

/** Rows `from` ≤ row < `to` of a matrix. */
function rowsOf(g: GraphBuilder, { value, transposed }: Matrix, from: number, to: number): Value {
  const all = value.shape.map((n): Pair => [0, n]);
  return ops.slice(g, value, all.with(transposed ? 1 : 0, [from, to]));
}

/**
 * One product for each position, fixed [other channels, pixels·N] · shifted [pixels·N, channels].
 * Gathers whole rows of channels, which is faster than runs of samples where samples are few.
 */
function positionByPosition(g: GraphBuilder, c: Convolution, operands: Operands): View {
  const { shifted, fixed, channels, samples, positions, pixels, indices } = operands;
  const { channel, spatial } = c.roles;
  const out = resultRoles(c);
  const others = size(fixed.view, fixed.outer);
  const depth = pixels * samples;
  const rows = packed(g, shifted.view, [spatial, [channel, ...shifted.outer]]);
  const windows = gatherTable(g, rows, { axis: 0, indices, shape: [positions, pixels] });
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
