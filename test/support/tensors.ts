import fc from "fast-check";
import {
  batchNormLayout,
  channelLayerNormLayout,
  type GroupLayout,
  groupNormLayout,
  instanceNormLayout,
  layerNormLayout,
} from "../../src/theory/index.js";

/** A small random generator (mulberry32), so that tests repeat. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Normally distributed float64 values. */
export function normals(count: number, seed: number): Float64Array {
  const next = random(seed);
  return Float64Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  );
}

/**
 * A normalization of some tensor: its layout, and for each element the group it belongs to, found
 * naively.
 */
export interface LayoutCase {
  readonly title: string;
  readonly layout: GroupLayout;
  readonly groupOf: (element: number) => number;
  readonly size: number;
}

/**
 * Every layout the theory knows, for a tensor [N, C, H, W] (H·W = 1 included) and G channel groups.
 */
function layoutCases(n: number, c: number, h: number, w: number, g: number): LayoutCase[] {
  const channels = c * g;
  const shape = [n, channels, h, w];
  const s = h * w;
  const size = n * channels * s;
  const sample = (e: number) => Math.floor(e / (channels * s));
  const channel = (e: number) => Math.floor(e / s) % channels;
  const position = (e: number) => e % s;
  return [
    { title: "batch", layout: batchNormLayout(shape), groupOf: channel, size },
    { title: "layer, all axes", layout: layerNormLayout(shape, 1), groupOf: sample, size },
    { title: "layer, last axis", layout: layerNormLayout(shape, 3), groupOf: (e) => Math.floor(e / w), size },
    {
      title: "layer, channels only",
      layout: channelLayerNormLayout(shape),
      groupOf: (e) => sample(e) * s + position(e),
      size,
    },
    {
      title: "group",
      layout: groupNormLayout(shape, g),
      groupOf: (e) => sample(e) * g + Math.floor(channel(e) / c),
      size,
    },
    {
      title: "instance",
      layout: instanceNormLayout(shape),
      groupOf: (e) => sample(e) * channels + channel(e),
      size,
    },
  ];
}

/** Random members of `layoutCases`. */
export const anyLayout: fc.Arbitrary<LayoutCase> = fc
  .tuple(
    fc.integer({ min: 2, max: 5 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 3 }),
    fc.nat(5),
  )
  .map(([n, c, h, w, g, which]) => layoutCases(n, c, h, w, g)[which]);

/**
 * The elements of each group, gathered into arrays of their own: the transposed copy that layouts
 * avoid.
 */
export function gather(values: ArrayLike<number>, { groupOf, size }: LayoutCase): number[][] {
  const groups: number[][] = [];
  for (let e = 0; e < size; e++) {
    groups[groupOf(e)] ??= [];
    groups[groupOf(e)].push(values[e]);
  }
  return groups;
}
