import type { Random } from "../base/random.js";
import { sizeOf } from "../base/tensor.js";
import { batchNormLayout, type GroupLayout } from "../theory/index.js";

/** The input of a batch normalization and its parameters. */
export interface Case {
  readonly kind: CaseKind;
  /** Shape of x: [N, D] or [N, D, …]. */
  readonly shape: readonly number[];
  readonly layout: GroupLayout;
  /** D. */
  readonly channels: number;
  /** n. */
  readonly elements: number;
  readonly x: Float64Array;
  /** γ [D]. */
  readonly gamma: Float64Array;
  /** β [D]. */
  readonly beta: Float64Array;
  /** ẑ [D]: any point, not only β, the mean of z. */
  readonly point: Float64Array;
}

/** How to draw a case of one kind. */
interface Recipe {
  /** Shape of x. */
  shape(random: Random): number[];
  /** Mean and standard deviation of one channel. */
  channel(random: Random): [mean: number, spread: number];
  /** Makes every channel a multiple of the first one, shifted. Default false. */
  readonly duplicated?: boolean;
}

const matrix = (random: Random): number[] => [3 + random.below(62), 1 + random.below(6)];
const ordinary = (random: Random): [number, number] => [random.normal(), 0.1 + 3 * random.uniform()];

/** Kinds of cases, among them those where a formula or its rounding is most likely to fail. */
const recipes = {
  ordinary: { shape: matrix, channel: ordinary },
  N·H·W: {
    shape: (r) => [1 + r.below(4), 1 + r.below(5), 2 + r.below(5), 1 + r.below(6)],
    channel: ordinary,
  },
  "near-constant channels": { shape: matrix, channel: (r) => [r.normal(), 10 ** r.uniform(-8, -4)] },
  "constant channels": { shape: matrix, channel: (r) => [r.normal(), r.below(2)] },
  "huge means": { shape: matrix, channel: (r) => [(r.below(2) === 0 ? 1e6 : -1e6) * r.uniform(1, 2), 1] },
  "scales far apart": { shape: matrix, channel: (r) => [0, 10 ** r.uniform(-6, 6)] },
  "n = 2": { shape: (r) => [2, 1 + r.below(6)], channel: ordinary },
  "D = 1": { shape: (r) => [3 + r.below(62), 1], channel: ordinary },
  "duplicated channels": {
    shape: (r) => [3 + r.below(62), 2 + r.below(4)],
    channel: ordinary,
    duplicated: true,
  },
  "many channels": { shape: (r) => [8 + r.below(57), 256], channel: ordinary },
  "many elements": { shape: (r) => [16, 1 + r.below(2), 64, 64], channel: ordinary },
} satisfies Record<string, Recipe>;

export type CaseKind = keyof typeof recipes;

/**
 * Kinds with moderate |μ|/σ, which lose no digits. The two large kinds are slow and come up less
 * often.
 */
export const wellConditioned: readonly CaseKind[] = [
  "ordinary",
  "N·H·W",
  "n = 2",
  "D = 1",
  "duplicated channels",
  "scales far apart",
  "constant channels",
  "many channels",
  "many elements",
  ...repeat(3, [
    "ordinary",
    "N·H·W",
    "n = 2",
    "D = 1",
    "duplicated channels",
    "scales far apart",
    "constant channels",
  ] as const),
];

/** Kinds with |μ|/σ up to 10⁸: subtracting the mean loses up to eight digits. */
export const illConditioned: readonly CaseKind[] = ["near-constant channels", "huge means"];

/** All kinds, in the order of the trials. */
export const allKinds: readonly CaseKind[] = [...illConditioned, ...wellConditioned];

function repeat<T>(times: number, items: readonly T[]): T[] {
  return Array.from({ length: times }, () => items).flat();
}

/** A random case of the given kind. */
export function sampleCase(kind: CaseKind, random: Random): Case {
  const recipe: Recipe = recipes[kind];
  const shape = recipe.shape(random);
  const channels = shape[1];
  const positions = sizeOf(shape.slice(2));
  const moments = Array.from({ length: channels }, () => recipe.channel(random));
  const x = Float64Array.from({ length: sizeOf(shape) }, (_, e) => {
    const [mean, spread] = moments[Math.floor(e / positions) % channels];
    return mean + spread * random.normal();
  });
  if (recipe.duplicated)
    for (let e = 0; e < x.length; e++) {
      const d = Math.floor(e / positions) % channels;
      // Perfectly correlated with the first channel, but not equal to it.
      if (d > 0) x[e] = (d % 2 === 0 ? 2 : -0.5) * d * x[e - d * positions] + d;
    }
  const perChannel = () => Float64Array.from({ length: channels }, () => random.normal());
  return {
    kind,
    shape,
    layout: batchNormLayout(shape),
    channels,
    elements: x.length / channels,
    x,
    gamma: perChannel(),
    beta: perChannel(),
    point: perChannel(),
  };
}
