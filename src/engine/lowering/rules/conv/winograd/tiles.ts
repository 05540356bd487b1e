import { sizeOf } from "../../../../../base/tensor.js";
import type { Pair } from "../../../../tracing/primitives.js";
import { ABSENT, type IndexTable, tileTable } from "../../index-tables.js";

/**
 * The tiles of Winograd's F(2×2, 3×3): where they lie in an image, and which pixels they read and
 * write.
 *
 * A tile reads 4×4 inputs and yields 2×2 results:
 *
 *     inputs x          kernel w       results y
 *     x x x x           w w w          y y
 *     x x x x           w w w          y y
 *     x x x x           w w w
 *     x x x x
 *
 * The results of neighbouring tiles touch, so their inputs overlap by two. Along one axis:
 *
 *     input      0   1   2   3   4   5
 *     tile 0    [·   ·   ·   ·]                reads inputs 0 … 3, yields results 0 and 1
 *     tile 1            [·   ·   ·   ·]        reads inputs 2 … 5, yields results 2 and 3
 *
 * With dilation d, the pixels of a tile lie d apart: a result depends only on inputs whose index is
 * the same modulo d, and these form a convolution without dilation. d interleaved tiles make a run
 * of 2·d results:
 *
 *     dilation 1                   dilation 2
 *     result   0 1 2 3 4 5         result   0 1 2 3 4 5 6 7
 *     tile     a a b b c c         tile     a b a b c d c d
 *     run      └─┘                 run      └─────┘
 */

/**
 * The results of a convolution, or the cotangent in its gradient. Pixels of a tile lie `steps`
 * apart.
 */
export interface Plane {
  /** Height and width in pixels. */
  readonly extents: Pair;
  readonly steps: Pair;
}

export const planeOf = (extents: readonly number[], steps: readonly number[]): Plane => ({
  extents: [extents[0], extents[1]],
  steps: [steps[0], steps[1]],
});

/** Number of tiles that cover the whole plane. */
export const tilesOf = ({ extents, steps }: Plane): number =>
  sizeOf(extents.map((extent, i) => tileStarts(extent, steps[i], 0, extent).length));

/**
 * First pixels of the tiles that cover the pixels `from` ≤ pixel < `to` of an axis. `from` is a
 * multiple of 2·step, so that it begins a run. A tile may reach beyond the extent, but starts
 * within it.
 */
function tileStarts(extent: number, step: number, from: number, to: number): number[] {
  const starts: number[] = [];
  for (let run = from; run < to; run += 2 * step)
    for (let start = run; start < Math.min(run + step, extent); start++) starts.push(start);
  return starts;
}

/**
 * Some rows of tiles, over the whole width of a plane. They are transformed and multiplied
 * together.
 */
export interface Band {
  /** First pixels of its rows of tiles, counted in the plane. */
  readonly rows: readonly number[];
  /** First pixels of its columns of tiles. */
  readonly columns: readonly number[];
  readonly steps: Pair;
  /** Rows of pixels that the tiles cover. */
  readonly height: number;
  /** Columns of pixels that the tiles cover. */
  readonly width: number;
}

export const tilesIn = ({ rows, columns }: Band): number => rows.length * columns.length;

/** Floats of transformed input in a band, so that they stay in the processor's cache. */
const BAND = 1 << 22;

/**
 * Cuts a plane into bands, for `depth` floats a pixel and a transformed kernel of `kernel` floats.
 * Every band reads the whole transformed kernel, so a band is not smaller than that. Bands end
 * between runs of tiles.
 */
export function tileBands({ extents, steps }: Plane, depth: number, kernel: number): Band[] {
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

/**
 * Which pixels of an image of this height and width the 4×4 inputs of the tiles are, at [input,
 * tile].
 */
export function inputTable(
  { rows, columns, steps }: Band,
  [height, width]: readonly number[],
  [[top], [left]]: readonly Pair[],
): IndexTable {
  return tileTable([
    { input: height, offsets: 4, starts: rows, step: steps[0], before: top },
    { input: width, offsets: 4, starts: columns, step: steps[1], before: left },
  ]);
}

/**
 * Which pixels the 2×2 results of the tiles are, in a stack of `planes` planes, at [result, plane,
 * tile]. ABSENT beyond the edge of the plane.
 */
export function resultIndices(
  { rows, columns, steps }: Band,
  { extents }: Plane,
  planes: number,
): Int32Array {
  const { indices, positions: tiles } = tileTable([
    { input: extents[0], offsets: 2, starts: rows, step: steps[0], before: 0 },
    { input: extents[1], offsets: 2, starts: columns, step: steps[1], before: 0 },
  ]);
  return Int32Array.from({ length: 4 * planes * tiles }, (_, i) => {
    const [pixel, plane] = [Math.floor(i / (planes * tiles)), Math.floor(i / tiles) % planes];
    const index = indices[pixel * tiles + (i % tiles)];
    return index === ABSENT ? ABSENT : plane * sizeOf(extents) + index;
  });
}

/** For every pixel of a band, row by row, its flat place in the results [2×2, tiles]. */
export function placesInTiles(band: Band): Int32Array {
  const { columns, steps, height, width } = band;
  const tiles = tilesIn(band);
  /**
   * The tile of a pixel along one axis, and whether it is the tile's second pixel (1) or its first
   * (0).
   */
  const place = (pixel: number, step: number) => {
    const [run, within] = [Math.floor(pixel / (2 * step)), pixel % (2 * step)];
    return { tile: run * step + (within % step), second: Math.floor(within / step) };
  };
  return Int32Array.from({ length: height * width }, (_, i) => {
    const [row, column] = [place(Math.floor(i / width), steps[0]), place(i % width, steps[1])];
    return (row.second * 2 + column.second) * tiles + row.tile * columns.length + column.tile;
  });
}
