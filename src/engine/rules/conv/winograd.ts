import type { GraphBuilder, Value } from "../../graph.js";
import * as ops from "../../ops.js";
import type { Pair } from "../../primitives.js";
import { dtypeOf, type View } from "../../view.js";
import { convolutionTable, gatherTable } from "../tables.js";
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

const isUnit = (c: Convolution): boolean =>
  [...c.strides, ...c.lhsDilation, ...c.rhsDilation].every((step) => step === 1);

const tilesOf = (extents: readonly number[]): number[] => extents.map((n) => Math.ceil(n / 2));

function applies(c: Convolution): boolean {
  const { groups, spatial } = c.roles;
  return groups.length === 0 && spatial.length === 2 && dtypeOf(c.x) === "float32" && isUnit(c);
}

/** Whether `winograd` computes it: a 3×3 kernel, no strides or dilations, enough channels and pixels. */
export function isWinograd(c: Convolution): boolean {
  if (!applies(c) || spatialShape(c, c.w).some((k) => k !== 3)) return false;
  const extents = spatialShape(c, c.result);
  const [th, tw] = tilesOf(extents) as [number, number];
  return (
    extents.every((n) => n >= 2) &&
    c.x.shape[c.roles.channel]! >= FEWEST_CHANNELS &&
    size(c.w, c.roles.outputs) >= FEWEST_CHANNELS &&
    th * tw * size(c.x, c.roles.batch) >= FEWEST_ROWS
  );
}

/** Whether `winogradOfGradient` computes it: a 3×3 result, the rest as above. */
export function isWinogradGradient(c: Convolution): boolean {
  if (!applies(c) || spatialShape(c, c.result).some((k) => k !== 3)) return false;
  const extents = spatialShape(c, c.w);
  const [th, tw] = tilesOf(extents) as [number, number];
  return (
    extents.every((n) => n >= 2) &&
    size(c.x, c.roles.batch) >= FEWEST_CHANNELS &&
    size(c.w, c.roles.outputs) >= FEWEST_CHANNELS &&
    th * tw * c.x.shape[c.roles.channel]! >= FEWEST_ROWS
  );
}

/** The convolution of x with a 3×3 kernel. */
export function winograd(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const [height, width] = spatialShape(c, c.result) as [number, number];
  const [n, channels, o] = [size(c.x, batch), c.x.shape[channel]!, size(c.w, outputs)];
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
  const bands = bandsOf([height, width], n * channels, 16 * channels * o).map((band) => {
    const depth = band.rows * band.columns * n;
    const inputs = transformInput(g, c, x, band, swap(BT));
    const products = ops.batchedProduct(g, ops.reshape(g, inputs, [16, depth, channels]), kernel, {
      transB: outputsFirst,
    });
    const results = multiply(g, squared(AT.map(swap)), ops.reshape(g, products, [16, depth * o]));
    const pixels = ops.reshape(g, results, [4 * band.rows * band.columns, n * o]);
    return ops.take(g, pixels, untiled(band), [band.height * width], 0);
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
  const extents = spatialShape(c, c.w) as [number, number];
  const [n, channels, o] = [size(c.x, batch), c.x.shape[channel]!, size(c.w, outputs)];
  const x = packed(g, c.x, [spatial, [channel, ...batch]]);
  const y = packed(g, c.w, [spatial, [channel, ...outputs]]);
  const products = bandsOf(extents, n * channels, 16 * n * o).map((band) => {
    const depth = band.rows * band.columns * channels;
    // Tile positions last to first, so that this is not taken for the transform that the convolution itself made:
    // keeping that one until now would take four times the memory of x, making it again is cheap.
    const inputs = transformInput(g, c, x, band, BT, true);
    const spread = multiply(g, squared(columnsOf(AT)), tiled(g, y, extents, band));
    return ops.batchedProduct(
      g,
      ops.reshape(g, spread, [16, depth, o]),
      ops.reshape(g, inputs, [16, depth, n]),
      { transA: true },
    );
  });
  const sum = products.reduce((a, b) => ops.elementwise(g, "Add", [a, b]));
  const kernel = multiply(g, squared(columnsOf(G)), ops.reshape(g, sum, [16, o * n]));
  const out = resultRoles(c);
  return resultView(g, c, kernel, [out.spatial, out.outputs, out.batch]);
}

/** Some rows of tiles, worked on together. */
interface Band {
  /** First row of tiles. */
  readonly start: number;
  readonly rows: number;
  readonly columns: number;
  /** Rows and columns of pixels that the tiles cover. */
  readonly height: number;
  readonly width: number;
}

/** Size of the transformed input that is made and multiplied at a time, in floats: it should stay in a cache. */
const BAND = 1 << 22;

/**
 * Cuts an image of [height, width], `depth` floats a pixel, into bands of tiles. Each of them reads the transformed kernel,
 * of `kernel` floats, so none is smaller.
 */
function bandsOf([height, width]: readonly [number, number], depth: number, kernel: number): Band[] {
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const count = Math.min(rows, Math.ceil((16 * rows * columns * depth) / Math.max(BAND, kernel)));
  return Array.from({ length: count }, (_, i) => {
    const [start, stop] = [Math.floor((i * rows) / count), Math.floor(((i + 1) * rows) / count)];
    return { start, rows: stop - start, columns, height: Math.min(2 * stop, height) - 2 * start, width };
  });
}

/** Bᵀ x B of every 4×4 tile of a band of x [positions, rest], tiles two apart; as [16, tiles·rest]. */
function transformInput(
  g: GraphBuilder,
  c: Convolution,
  x: Value,
  band: Band,
  bt: Rows,
  backwards = false,
): Value {
  const [height, width] = spatialShape(c, c.x) as [number, number];
  const [[top], [left]] = c.padding as readonly [Pair, Pair];
  const axes = [
    { input: height, positions: band.rows, before: top - 2 * band.start },
    { input: width, positions: band.columns, before: left },
  ].map((axis) => ({ ...axis, taps: 4, stride: 2, spread: 1, dilation: 1 }));
  const tiles = band.rows * band.columns;
  const { indices } = convolutionTable(axes);
  const ordered = backwards
    ? indices.map((_, i) => indices[(15 - Math.floor(i / tiles)) * tiles + (i % tiles)]!)
    : indices;
  const transform = backwards ? bt.map((row) => row.toReversed()) : bt;
  return multiply(g, squared(transform), gatherBand(g, x, ordered, [16, tiles]));
}

/** The 2×2 tiles of a band of y [positions, rest] as [4, tiles·rest]; zeros beyond its edge. */
function tiled(g: GraphBuilder, y: Value, [height, width]: readonly [number, number], band: Band): Value {
  const axes = [
    { input: height, positions: band.rows, before: -2 * band.start },
    { input: width, positions: band.columns, before: 0 },
  ].map((axis) => ({ ...axis, taps: 2, stride: 2, spread: 1, dilation: 1 }));
  return gatherBand(g, y, convolutionTable(axes).indices, [4, band.rows * band.columns]);
}

/** Rows of x at these indices, zeros where there are none; the zero row is added to x once for all bands. */
function gatherBand(g: GraphBuilder, x: Value, indices: Int32Array, [taps, tiles]: Pair): Value {
  return ops.reshape(g, gatherTable(g, x, 0, indices, [taps, tiles]), [taps, tiles * x.shape[1]!]);
}

/** Where each pixel of a band is among [position in tile, tile]. */
function untiled({ rows, columns, height, width }: Band): Int32Array {
  return Int32Array.from({ length: height * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    return ((row % 2) * 2 + (column % 2)) * rows * columns + (row >> 1) * columns + (column >> 1);
  });
}

function columnsOf(rows: Rows): number[][] {
  return rows[0]!.map((_, i) => rows.map((row) => row[i]!));
}

/** m ⊗ m. */
function squared(m: Rows): number[][] {
  return m.flatMap((a) => m.map((b) => a.flatMap((x) => b.map((y) => x * y))));
}

/** A constant matrix times x. */
function multiply(g: GraphBuilder, m: Rows, x: Value): Value {
  const constant = g.constant("float32", [m.length, m[0]!.length], Float32Array.from(m.flat()));
  return ops.matmul(g, constant, x);
}
