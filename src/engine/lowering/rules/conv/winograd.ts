import { sizeOf } from "../../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import { dtypeOf, type View } from "../../../graph/view.js";
import type { Pair } from "../../../tracing/primitives.js";
import { ABSENT, gatherTable, tileTable } from "../tables.js";
import {
  type Convolution,
  isStoredAs,
  packed,
  resultRoles,
  resultView,
  size,
  spatialShape,
  storedKernel,
} from "./convolution.js";

/**
 * Winograd's minimal filtering F(2×2, 3×3): a tile of 2×2 results from 4×4 inputs with 16 products instead of 36,
 *
 *   Y = Aᵀ[(G w Gᵀ) ∘ (Bᵀ x B)]A,
 *
 * with A, B, G below (A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, section 4.1).
 * Summed over channels the 16 products are 16 matrix products. The transforms are linear and act on the 16 (9, 4)
 * positions of a tile alike for every channel, so each is one matrix product with a Kronecker square, stored
 * positions first: [tile position, tile·sample, channel].
 *
 * With a dilation of d the pixels of a tile are d apart: results whose coordinates are the same modulo d depend on inputs
 * of one such class only, and are a convolution without dilation among themselves.
 */

type Rows = readonly (readonly number[])[];

const BT: Rows = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];
const G: Rows = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];
const AT: Rows = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
];

/** Fewer channels, or fewer rows in a product, are not worth the transforms. */
const FEWEST_CHANNELS = 16;
const FEWEST_ROWS = 32;

/** Products of this depth are as fast with a transposed kernel. */
const WELL_TRANSPOSED = 128;

/** Up to so many output channels a kernel's gradient is quicker by output: the product takes half the time, gathering twice as long. */
const FEW_OUTPUTS = 128;

/** But its index table, one entry a pixel and output, should not take much memory. */
const LONGEST_TABLE = 1 << 20;

/** The transforms, too, cost something: there should be at least a fifth fewer products than without. */
const MOST_PRODUCTS = 0.8;

const isUnit = (steps: readonly number[]): boolean => steps.every((step) => step === 1);

function applies(c: Convolution): boolean {
  const { groups, spatial } = c.roles;
  return groups.length === 0 && spatial.length === 2 && dtypeOf(c.x) === "float32" && isUnit(c.lhsDilation);
}

/** Whether tiles `steps` apart save products where each of `extents` pixels takes nine. */
function saves(extents: readonly number[], steps: readonly number[]): boolean {
  const tiles = extents.map((n, i) => tileStarts(n, steps[i], 0, n).length);
  return 16 * sizeOf(tiles) <= MOST_PRODUCTS * 9 * sizeOf(extents);
}

/** Whether `winograd` computes it: a 3×3 kernel, no strides, enough channels and pixels. */
export function isWinograd(c: Convolution): boolean {
  if (!applies(c) || !isUnit(c.strides) || spatialShape(c, c.w).some((k) => k !== 3)) return false;
  const extents = spatialShape(c, c.result);
  return (
    saves(extents, c.rhsDilation) &&
    c.x.shape[c.roles.channel] >= FEWEST_CHANNELS &&
    size(c.w, c.roles.outputs) >= FEWEST_CHANNELS &&
    (sizeOf(extents) / 4) * size(c.x, c.roles.batch) >= FEWEST_ROWS
  );
}

/** Whether `winogradOfGradient` computes it: a 3×3 result, the dilation as strides, the rest as above. */
export function isWinogradGradient(c: Convolution): boolean {
  if (!applies(c) || !isUnit(c.rhsDilation) || spatialShape(c, c.result).some((k) => k !== 3)) return false;
  const extents = spatialShape(c, c.w);
  return (
    saves(extents, c.strides) &&
    size(c.x, c.roles.batch) >= FEWEST_CHANNELS &&
    size(c.w, c.roles.outputs) >= FEWEST_CHANNELS &&
    (sizeOf(extents) / 4) * c.x.shape[c.roles.channel] >= FEWEST_ROWS
  );
}

/** The convolution of x with a 3×3 kernel. */
export function winograd(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const plane = planeOf(spatialShape(c, c.result), c.rhsDilation);
  const [n, channels, o] = [size(c.x, batch), c.x.shape[channel], size(c.w, outputs)];
  // The transform of a reversed kernel is that of the kernel with tile positions 0 and 3 exchanged, since G
  // reversed left to right is G with these rows exchanged: the data's transforms exchange them instead.
  const { w, reversed } = storedKernel(g, c);
  const swap = <T>([a, b, d, e]: readonly T[]): T[] => (reversed ? [e!, b!, d!, a!] : [a!, b!, d!, e!]);
  const x = packed(g, c.x, [spatial, [...batch, channel]]);
  // Reading a kernel transposed is free, but slow in long products of few channels.
  const outputsFirst = isStoredAs(w, [...outputs, channel]) && channels >= WELL_TRANSPOSED;
  const weight = packed(g, w, [outputsFirst ? [...outputs, channel] : [channel, ...outputs], spatial]);
  const kernel = ops.reshape(
    g,
    multiply(g, squared(G), ops.transpose(g, weight, [1, 0])),
    outputsFirst ? [16, o, channels] : [16, channels, o],
  );
  const bands = bandsOf(plane, n * channels, 16 * channels * o).map((band) => {
    const depth = tilesIn(band) * n;
    const inputs = transformInput(g, c, x, band, swap(BT));
    const products = ops.batchedProduct(g, ops.reshape(g, inputs, [16, depth, channels]), kernel, {
      transB: outputsFirst,
    });
    const results = multiply(g, squared(AT.map(swap)), ops.reshape(g, products, [16, depth * o]));
    const pixels = ops.reshape(g, results, [4 * tilesIn(band), n * o]);
    return ops.take(g, pixels, untiled(band), [band.height * band.width], 0);
  });
  const out = resultRoles(c);
  return resultView(g, c, ops.concat(g, bands, 0), [out.spatial, out.batch, out.outputs]);
}

/**
 * The gradient of a 3×3 kernel, a convolution whose taps are the pixels of the cotangent: the adjoint of the above in w,
 * Gᵀ[(A y Aᵀ) ∘ (Bᵀ x B)]G.
 */
export function winogradOfGradient(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const plane = planeOf(spatialShape(c, c.w), c.strides);
  const [n, channels, o] = [size(c.x, batch), c.x.shape[channel], size(c.w, outputs)];
  const x = packed(g, c.x, [spatial, [channel, ...batch]]);
  // By output channel first, where these are few: products that need not read their first operand transposed.
  const byOutput = o <= FEW_OUTPUTS && o * sizeOf(plane.extents) <= LONGEST_TABLE;
  const y = packed(
    g,
    c.w,
    byOutput ? [[...outputs, ...spatial], [channel]] : [spatial, [channel, ...outputs]],
  );
  const products = bandsOf(plane, n * channels, 16 * n * o).map((band) => {
    const depth = tilesIn(band) * channels;
    // Tile positions last to first and zeros before x, so that this is not taken for the transform that the convolution
    // itself made, nor for its padded copy of x: keeping these until now would take five times the memory of x, making
    // them again is cheap.
    const inputs = transformInput(g, c, x, band, BT, true);
    const spread = multiply(g, squared(columnsOf(AT)), tiled(g, y, plane, band, byOutput ? o : 1));
    return ops.batchedProduct(
      g,
      ops.reshape(g, spread, byOutput ? [16, o, depth] : [16, depth, o]),
      ops.reshape(g, inputs, [16, depth, n]),
      { transA: !byOutput },
    );
  });
  const sum = products.reduce((a, b) => ops.elementwise(g, "Add", [a, b]));
  const kernel = multiply(g, squared(columnsOf(G)), ops.reshape(g, sum, [16, o * n]));
  const out = resultRoles(c);
  return resultView(g, c, kernel, [out.spatial, out.outputs, out.batch]);
}

/** Pixels in rows and columns, tiles being `steps` apart in each. */
interface Plane {
  readonly extents: Pair;
  readonly steps: Pair;
}

const planeOf = (extents: readonly number[], steps: readonly number[]): Plane => ({
  extents: [extents[0], extents[1]],
  steps: [steps[0], steps[1]],
});

/**
 * First pixels of the tiles that cover pixels `from` … `to` of an axis: every run of 2·step pixels is `step` tiles, each of
 * one pixel and the one a step further. `from` is a multiple of 2·step.
 */
function tileStarts(extent: number, step: number, from: number, to: number): number[] {
  const starts: number[] = [];
  for (let run = from; run < to; run += 2 * step)
    for (let start = run; start < Math.min(run + step, extent); start++) starts.push(start);
  return starts;
}

/** Some rows of tiles, worked on together. */
interface Band {
  /** First pixels of its tiles, rows counted in the image. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly steps: Pair;
  /** Rows and columns of pixels that the tiles cover. */
  readonly height: number;
  readonly width: number;
}

const tilesIn = ({ rows, columns }: Band): number => rows.length * columns.length;

/** Size of the transformed input that is made and multiplied at a time, in floats: it should stay in a cache. */
const BAND = 1 << 22;

/**
 * Cuts an image into bands of tiles, `depth` floats a pixel. Each of them reads the transformed kernel, of `kernel` floats,
 * so none is smaller; none ends within a run of tiles.
 */
function bandsOf({ extents, steps }: Plane, depth: number, kernel: number): Band[] {
  const [height, width] = extents;
  const columns = tileStarts(width, steps[1], 0, width);
  const run = 2 * steps[0];
  const runs = Math.ceil(height / run);
  const tiles = tileStarts(height, steps[0], 0, height).length * columns.length;
  const count = Math.min(runs, Math.ceil((16 * tiles * depth) / Math.max(BAND, kernel)));
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i, i + 1].map((k) => Math.min(Math.floor((k * runs) / count) * run, height));
    return { rows: tileStarts(height, steps[0], from, to), columns, steps, height: to - from, width };
  });
}

/** Bᵀ x B of the 4×4 inputs of every tile of a band of x [positions, rest]; as [16, tiles·rest]. */
function transformInput(
  g: GraphBuilder,
  c: Convolution,
  x: Value,
  { rows, columns, steps }: Band,
  bt: Rows,
  backwards = false,
): Value {
  const [height, width] = spatialShape(c, c.x) as [number, number];
  const [[top], [left]] = c.padding as readonly [Pair, Pair];
  const { indices, positions: tiles } = tileTable([
    { input: height, taps: 4, starts: rows, step: steps[0], before: top },
    { input: width, taps: 4, starts: columns, step: steps[1], before: left },
  ]);
  const ordered = backwards
    ? indices.map((_, i) => indices[(15 - Math.floor(i / tiles)) * tiles + (i % tiles)])
    : indices;
  const transform = backwards ? bt.map((row) => row.toReversed()) : bt;
  return multiply(g, squared(transform), gatherBand(g, x, ordered, [16, tiles], backwards));
}

/** The 2×2 pixels of the tiles of a band of y [planes·positions, rest] as [4, planes·tiles·rest]; zeros beyond the edge. */
function tiled(g: GraphBuilder, y: Value, { extents }: Plane, band: Band, planes: number): Value {
  const { rows, columns, steps } = band;
  const { indices, positions: tiles } = tileTable([
    { input: extents[0], taps: 2, starts: rows, step: steps[0], before: 0 },
    { input: extents[1], taps: 2, starts: columns, step: steps[1], before: 0 },
  ]);
  const ofAll = Int32Array.from({ length: 4 * planes * tiles }, (_, i) => {
    const [pixel, plane] = [Math.floor(i / (planes * tiles)), Math.floor(i / tiles) % planes];
    const index = indices[pixel * tiles + (i % tiles)];
    return index === ABSENT ? ABSENT : plane * sizeOf(extents) + index;
  });
  return gatherBand(g, y, ofAll, [4, planes * tiles]);
}

/** Rows of x at these indices, zeros where there are none; the zero row is added to x once for all bands. */
function gatherBand(
  g: GraphBuilder,
  x: Value,
  indices: Int32Array,
  [taps, tiles]: Pair,
  zeroFirst = false,
): Value {
  return ops.reshape(g, gatherTable(g, x, 0, indices, [taps, tiles], zeroFirst), [taps, tiles * x.shape[1]]);
}

/** Where each pixel of a band is among [position in tile, tile]. */
function untiled(band: Band): Int32Array {
  const { columns, steps, height, width } = band;
  const tiles = tilesIn(band);
  /** The tile of a pixel along an axis, and which of its two pixels it is. */
  const place = (pixel: number, step: number) => {
    const [run, within] = [Math.floor(pixel / (2 * step)), pixel % (2 * step)];
    return { tile: run * step + (within % step), second: Math.floor(within / step) };
  };
  return Int32Array.from({ length: height * width }, (_, i) => {
    const [row, column] = [place(Math.floor(i / width), steps[0]), place(i % width, steps[1])];
    return (row.second * 2 + column.second) * tiles + row.tile * columns.length + column.tile;
  });
}

function columnsOf(rows: Rows): number[][] {
  return rows[0].map((_, i) => rows.map((row) => row[i]));
}

/** m ⊗ m. */
function squared(m: Rows): number[][] {
  return m.flatMap((a) => m.map((b) => a.flatMap((x) => b.map((y) => x * y))));
}

/** A constant matrix times x. */
function multiply(g: GraphBuilder, m: Rows, x: Value): Value {
  const constant = g.constant("float32", [m.length, m[0].length], Float32Array.from(m.flat()));
  return ops.matmul(g, constant, x);
}
