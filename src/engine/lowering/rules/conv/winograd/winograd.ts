import { sizeOf } from "../../../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../../../graph/graph.js";
import * as ops from "../../../../graph/ops.js";
import { dtypeOf, isStoredAs, type View } from "../../../../graph/view.js";
import { gatherTable } from "../../index-tables.js";
import { type Convolution, resultRoles, size, spatialShape, storedKernel } from "../convolution.js";
import { packed, resultView } from "../layout.js";
import {
  type Band,
  inputTable,
  placesInTiles,
  planeOf,
  resultIndices,
  tileBands,
  tilesIn,
  tilesOf,
} from "./tiles.js";
import { AT, BT, exchangeEnds, G, type Rows, transformTiles, transposed } from "./transforms.js";

/**
 * 3×3 convolutions and their weight gradients by Winograd's F(2×2, 3×3). `transforms.ts` has the
 * formulas, `tiles.ts` the geometry. Summed over channels, the 16 products of a tile are 16 matrix
 * products. Every array has the position within the tile as its first axis, so that each transform
 * is one matrix product, too:
 *
 *     x [S, N·C] ── gather ──▶ [16, tiles·N·C] ── Bᵀ⊗Bᵀ ──▶ V [16, tiles·N, C]
 *     w [9, C·O] ───────────────────────────────── G⊗G ───▶ U [16, C, O]
 *
 *     V·U [16, tiles·N·O] ── Aᵀ⊗Aᵀ ──▶ [4, tiles·N·O] ── gather ──▶ result [positions, N·O]
 */

/** With fewer channels, the transforms cost more than they save. */
const FEWEST_CHANNELS = 16;

/** With fewer rows in each of the 16 products, the transforms cost more than they save. */
const FEWEST_ROWS = 32;

/** From this many channels on, a product is as fast with a transposed kernel. */
const WELL_TRANSPOSED = 128;

/**
 * Up to this many output channels, a weight gradient is faster with the cotangent stored by output
 * channel: the product takes half the time, the gather twice the time.
 */
const FEW_OUTPUTS = 128;

/**
 * The gather by output channel has one index for each pixel and output. Longer tables take too much
 * memory.
 */
const LONGEST_TABLE = 1 << 20;

/**
 * At most this share of the direct convolution's products, because the transforms cost something,
 * too.
 */
const MOST_PRODUCTS = 0.8;

const isUnit = (steps: readonly number[]): boolean => steps.every((step) => step === 1);

function isFlatFloat32(c: Convolution): boolean {
  const { groups, spatial } = c.roles;
  return groups.length === 0 && spatial.length === 2 && dtypeOf(c.x) === "float32" && isUnit(c.lhsDilation);
}

/**
 * Whether tiles save products. A tile takes 16; a direct convolution takes 9 for each of the
 * pixels.
 */
function saves(extents: readonly number[], steps: readonly number[]): boolean {
  return 16 * tilesOf(planeOf(extents, steps)) <= MOST_PRODUCTS * 9 * sizeOf(extents);
}

/** Whether `winograd` applies: a 3×3 kernel without strides, and enough channels and pixels. */
export function isWinograd(c: Convolution): boolean {
  if (!isFlatFloat32(c) || !isUnit(c.strides) || spatialShape(c, c.w).some((k) => k !== 3)) return false;
  const extents = spatialShape(c, c.result);
  return (
    saves(extents, c.rhsDilation) &&
    c.x.shape[c.roles.channel] >= FEWEST_CHANNELS &&
    size(c.w, c.roles.outputs) >= FEWEST_CHANNELS &&
    (sizeOf(extents) / 4) * size(c.x, c.roles.batch) >= FEWEST_ROWS
  );
}

/**
 * Whether `winogradGradient` applies: a 3×3 result, and enough channels and pixels. The dilation of
 * the forward pass appears as the strides of its weight gradient.
 */
export function isWinogradGradient(c: Convolution): boolean {
  if (!isFlatFloat32(c) || !isUnit(c.rhsDilation) || spatialShape(c, c.result).some((k) => k !== 3))
    return false;
  const extents = spatialShape(c, c.w);
  return (
    saves(extents, c.strides) &&
    size(c.x, c.roles.batch) >= FEWEST_CHANNELS &&
    size(c.w, c.roles.outputs) >= FEWEST_CHANNELS &&
    (sizeOf(extents) / 4) * c.x.shape[c.roles.channel] >= FEWEST_ROWS
  );
}

/** The convolution of x with a 3×3 kernel, Aᵀ [(G w Gᵀ) ∘ (Bᵀ x B)] A. */
export function winograd(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const plane = planeOf(spatialShape(c, c.result), c.rhsDilation);
  const [n, channels, o] = [size(c.x, batch), c.x.shape[channel], size(c.w, outputs)];
  // Instead of the transform of a reversed kernel, the transforms of x and of the products exchange
  // their ends.
  const { w, reversed } = storedKernel(g, c);
  const inKernelOrder = <T>(four: readonly T[]): readonly T[] => (reversed ? exchangeEnds(four) : four);
  const x = packed(g, c.x, [spatial, [...batch, channel]]);
  // The product can read the kernel transposed, but that is slow where the sum over channels is
  // short.
  const outputsFirst = isStoredAs(w, [...outputs, channel]) && channels >= WELL_TRANSPOSED;
  const weight = packed(g, w, [outputsFirst ? [...outputs, channel] : [channel, ...outputs], spatial]);
  const kernel = ops.reshape(
    g,
    transformTiles(g, G, ops.transpose(g, weight, [1, 0])),
    outputsFirst ? [16, o, channels] : [16, channels, o],
  );
  const bands = tileBands(plane, n * channels, 16 * channels * o).map((band) => {
    const depth = tilesIn(band) * n;
    const inputs = transformInput(g, c, x, { band, bt: inKernelOrder(BT) });
    const products = ops.batchedProduct(g, ops.reshape(g, inputs, [16, depth, channels]), kernel, {
      transB: outputsFirst,
    });
    const results = transformTiles(g, AT.map(inKernelOrder), ops.reshape(g, products, [16, depth * o]));
    const pixels = ops.reshape(g, results, [4 * tilesIn(band), n * o]);
    return ops.take(g, pixels, { axis: 0, indices: placesInTiles(band), shape: [band.height * band.width] });
  });
  const out = resultRoles(c);
  return resultView(g, c, ops.concat(g, bands, 0), [out.spatial, out.batch, out.outputs]);
}

/**
 * The gradient of a 3×3 kernel, Gᵀ [(A y Aᵀ) ∘ (Bᵀ x B)] G with the cotangent y. As a convolution,
 * y takes the place of the kernel, samples take the place of channels, and the offsets of the
 * kernel are the positions.
 */
export function winogradGradient(g: GraphBuilder, c: Convolution): View {
  const { batch, outputs, channel, spatial } = c.roles;
  const plane = planeOf(spatialShape(c, c.w), c.strides);
  const [n, channels, o] = [size(c.x, batch), c.x.shape[channel], size(c.w, outputs)];
  const x = packed(g, c.x, [spatial, [channel, ...batch]]);
  // Stored by output channel, the cotangent is a first operand that the product need not read
  // transposed.
  const byOutput = o <= FEW_OUTPUTS && o * sizeOf(plane.extents) <= LONGEST_TABLE;
  const y = packed(
    g,
    c.w,
    byOutput ? [[...outputs, ...spatial], [channel]] : [spatial, [channel, ...outputs]],
  );
  const planes = byOutput ? o : 1;
  const products = tileBands(plane, n * channels, 16 * n * o).map((band) => {
    const depth = tilesIn(band) * channels;
    const inputs = transformInput(g, c, x, { band, bt: BT, unshared: true });
    const cotangents = gatherTiles(g, y, {
      indices: resultIndices(band, plane, planes),
      shape: [4, planes * tilesIn(band)],
    });
    const spread = transformTiles(g, transposed(AT), cotangents);
    return ops.batchedProduct(
      g,
      ops.reshape(g, spread, byOutput ? [16, o, depth] : [16, depth, o]),
      ops.reshape(g, inputs, [16, depth, n]),
      { transA: !byOutput },
    );
  });
  const sum = products.reduce((a, b) => ops.elementwise(g, "Add", [a, b]));
  const kernel = transformTiles(g, transposed(G), ops.reshape(g, sum, [16, o * n]));
  const out = resultRoles(c);
  return resultView(g, c, kernel, [out.spatial, out.outputs, out.batch]);
}

interface InputTransform {
  readonly band: Band;
  /** Bᵀ, with its ends exchanged where the kernel is reversed. */
  readonly bt: Rows;
  /**
   * Whether to write the transform so that its nodes are not merged with an equal transform of x.
   */
  readonly unshared?: boolean;
}

/**
 * Bᵀ x B for the 4×4 inputs of every tile of a band, from x [pixels, rest], as [16, tiles·rest].
 *
 * A weight gradient needs the same transform of x as the forward pass. The builder would merge
 * equal nodes. The transform and the padded copy of x, together five times the size of x, would
 * then stay in memory from the forward pass to the backward pass. Computing them again is cheap.
 * With `unshared`, the transform is therefore written differently, with R the matrix that reverses
 * the order of the 16 inputs:
 *
 *     shared      (Bᵀ⊗Bᵀ) · inputs           zeros after x
 *     unshared    (Bᵀ⊗Bᵀ)R · (R inputs)      zeros before x, so the padded copy is not shared
 *
 * Both give the same numbers. A mark that keeps the builder from merging two equal nodes would not
 * suffice: ONNX Runtime merges equal nodes of a saved graph as well, where its optimizations are
 * on.
 */
function transformInput(g: GraphBuilder, c: Convolution, x: Value, transform: InputTransform): Value {
  const { band, bt, unshared = false } = transform;
  const { indices, positions: tiles } = inputTable(band, spatialShape(c, c.x), c.padding);
  const shape = [16, tiles];
  if (!unshared) return transformTiles(g, bt, gatherTiles(g, x, { indices, shape }));
  const reversed = indices.map((_, i) => indices[(15 - Math.floor(i / tiles)) * tiles + (i % tiles)]);
  const inputs = gatherTiles(g, x, { indices: reversed, shape, zero: "before" });
  return transformTiles(
    g,
    bt.map((row) => row.toReversed()),
    inputs,
  );
}

interface TileGather {
  readonly indices: Int32Array;
  /** Positions in a tile, tiles. */
  readonly shape: readonly number[];
  readonly zero?: "after" | "before";
}

/**
 * Rows of x [pixels, rest] as [positions in a tile, tiles·rest]. All bands share one padded copy of
 * x.
 */
function gatherTiles(g: GraphBuilder, x: Value, { indices, shape, zero }: TileGather): Value {
  const gathered = gatherTable(g, x, { axis: 0, indices, shape, zero });
  return ops.reshape(g, gathered, [shape[0], shape[1] * x.shape[1]]);
}
