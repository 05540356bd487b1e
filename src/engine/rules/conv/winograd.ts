import type { GraphBuilder, Value } from "../../graph.js";
import * as ops from "../../ops.js";
import { dtypeOf, type View } from "../../view.js";
import { unflipped } from "../movement.js";
import { convolutionTable, gatherTable } from "../tables.js";
import {
  type Convolution,
  isStoredAs,
  packed,
  resultRoles,
  resultView,
  size,
  spatialShape,
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
  const extents = spatialShape(c, c.result);
  const tiles = tilesOf(extents) as [number, number];
  const [n, channels, o] = [size(c.x, batch), c.x.shape[channel]!, size(c.w, outputs)];
  const depth = tiles[0] * tiles[1] * n;
  // The transform of a reversed kernel is that of the kernel with tile positions 0 and 3 exchanged, since G
  // reversed left to right is G with these rows exchanged: the data's transforms exchange them instead.
  const original = unflipped(g, c.w, spatial);
  const w = original ?? c.w;
  const swap = <T>([a, b, s, d]: readonly T[]): T[] =>
    original === undefined ? [a!, b!, s!, d!] : [d!, b!, s!, a!];
  const x = packed(g, c.x, [spatial, [...batch, channel]]);
  const inputs = ops.reshape(g, transformInput(g, c, x, tiles, swap(BT)), [16, depth, channels]);
  const outputsFirst = isStoredAs(w, [...outputs, channel]);
  const weight = packed(g, w, [outputsFirst ? [...outputs, channel] : [channel, ...outputs], spatial]);
  const kernel = multiply(g, squared(G), ops.transpose(g, weight, [1, 0]));
  const products = ops.batchedProduct(
    g,
    inputs,
    ops.reshape(g, kernel, outputsFirst ? [16, o, channels] : [16, channels, o]),
    { transB: outputsFirst },
  );
  const results = multiply(g, squared(AT.map(swap)), ops.reshape(g, products, [16, depth * o]));
  const rows = ops.reshape(g, results, [4 * tiles[0] * tiles[1], n * o]);
  const ordered = ops.take(g, rows, untiled(extents, tiles), [extents[0]! * extents[1]!], 0);
  const out = resultRoles(c);
  return resultView(g, c, ordered, [out.spatial, out.batch, out.outputs]);
}

/**
 * The gradient of a 3×3 kernel, a convolution whose taps are the pixels of the cotangent: the adjoint of the above in w,
 * Gᵀ[(A y Aᵀ) ∘ (Bᵀ x B)]G. Its transformed x is the one the convolution itself has made.
 */
export function winogradOfGradient(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const extents = spatialShape(c, c.w);
  const tiles = tilesOf(extents) as [number, number];
  const [n, channels, o] = [size(c.x, batch), c.x.shape[channel]!, size(c.w, outputs)];
  const depth = tiles[0] * tiles[1] * channels;
  const x = packed(g, c.x, [spatial, [channel, ...batch]]);
  const inputs = ops.reshape(g, transformInput(g, c, x, tiles, BT), [16, depth, n]);
  const y = packed(g, c.w, [spatial, [channel, ...outputs]]);
  const spread = multiply(g, squared(columnsOf(AT)), tiled(g, y, extents, tiles));
  const products = ops.batchedProduct(g, ops.reshape(g, spread, [16, depth, o]), inputs, { transA: true });
  const kernel = multiply(g, squared(columnsOf(G)), ops.reshape(g, products, [16, o * n]));
  const out = resultRoles(c);
  return resultView(g, c, kernel, [out.spatial, out.outputs, out.batch]);
}

/** Bᵀ x B of every 4×4 tile of x [positions, rest], tiles two apart; as [16, tiles·rest]. */
function transformInput(
  g: GraphBuilder,
  c: Convolution,
  x: Value,
  tiles: readonly [number, number],
  bt: Rows,
): Value {
  const { indices } = convolutionTable(
    c.roles.spatial.map((axis, i) => ({
      input: c.x.shape[axis]!,
      taps: 4,
      positions: tiles[i]!,
      stride: 2,
      before: c.padding[i]![0],
      spread: 1,
      dilation: 1,
    })),
  );
  const count = tiles[0] * tiles[1];
  const gathered = gatherTable(g, x, 0, indices, [16, count]);
  return multiply(g, squared(bt), ops.reshape(g, gathered, [16, count * x.shape[1]!]));
}

/** The 2×2 tiles of y [positions, rest] as [4, tiles·rest]; zeros beyond its edge. */
function tiled(
  g: GraphBuilder,
  y: Value,
  extents: readonly number[],
  tiles: readonly [number, number],
): Value {
  const axes = extents.map((input, i) => ({
    input,
    taps: 2,
    positions: tiles[i]!,
    stride: 2,
    before: 0,
    spread: 1,
    dilation: 1,
  }));
  const count = tiles[0] * tiles[1];
  const gathered = gatherTable(g, y, 0, convolutionTable(axes).indices, [4, count]);
  return ops.reshape(g, gathered, [4, count * y.shape[1]!]);
}

/** Where each pixel of the result is among [position in tile, tile]. */
function untiled([height, width]: readonly number[], [th, tw]: readonly [number, number]): Int32Array {
  return Int32Array.from({ length: height! * width! }, (_, i) => {
    const [row, column] = [Math.floor(i / width!), i % width!];
    return ((row % 2) * 2 + (column % 2)) * th * tw + (row >> 1) * tw + (column >> 1);
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
