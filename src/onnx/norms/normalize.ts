import type { Traced } from "../../engine/lang/index.js";
import * as lang from "../../engine/lang/index.js";
import {
  batchNormLayout,
  channelLayerNormLayout,
  type GroupLayout,
  groupNormLayout,
  instanceNormLayout,
  layerNormLayout,
} from "../../theory/layout.js";
import type { AffineOperand, NormSpec, Statistics } from "./spec.js";

/** μ (null where nothing is centred) and σ, one number per group, in the shape in which the groups are whole axes. */
export interface Moments {
  readonly mean: Traced | null;
  readonly sigma: Traced;
}

/** Looks at, or changes, the values inside one normalization while it is traced. */
export interface NormHooks {
  /** x entering the standardization. */
  input(x: Traced): Traced;
  /** The moments of x; others to standardize with, or null for these. */
  moments(own: Moments): Moments | null;
  /** y, the output of the standardization, in the shape of x; σ broadcasts against it. */
  standardized(y: Traced, sigma: Traced): Traced;
  scale(gamma: Traced): Traced;
  bias(beta: Traced): Traced;
  /** z = γ·y + β; `affine` maps any y of this layer to its z. */
  output(z: Traced, affine: (y: Traced) => Traced): Traced;
}

const untouched: NormHooks = {
  input: (x) => x,
  moments: () => null,
  standardized: (y) => y,
  scale: (gamma) => gamma,
  bias: (beta) => beta,
  output: (z) => z,
};

/**
 * A normalization with the statistics of the batch, as primitive ops:
 * σ = √(mean((x − μ)²) + ε), y = (x − μ)/σ, z = γ·y + β (docs/theory.md, section 1). The variance is biased.
 */
export function normalize(
  spec: NormSpec,
  x: Traced,
  { scale, bias }: { readonly scale: Traced | null; readonly bias: Traced | null },
  hooks: NormHooks = untouched,
): Traced {
  const { y, sigma } = standardize(spec, hooks.input(x), hooks);
  const standardized = hooks.standardized(y, sigma);
  const gamma = scale && align(hooks.scale(scale), spec.scale!.per, spec.statistics, x.shape);
  const beta = bias && align(hooks.bias(bias), spec.bias!.per, spec.statistics, x.shape);
  const affine = (y: Traced): Traced => {
    const scaled = gamma ? lang.mul(y, gamma) : y;
    return beta ? lang.add(scaled, beta) : scaled;
  };
  return hooks.output(affine(standardized), affine);
}

function standardize(
  spec: NormSpec,
  x: Traced,
  hooks: Pick<NormHooks, "moments">,
): { y: Traced; sigma: Traced } {
  const view = viewOf(spec.statistics, x.shape);
  const grouped = lang.reshape(x, view.shape);
  const keepdims = { keepdims: true };
  const mean = spec.centred ? lang.mean(grouped, view.axes, keepdims) : null;
  const centred = mean ? lang.sub(grouped, mean) : grouped;
  const variance = lang.mean(lang.square(centred), view.axes, keepdims);
  const own = { mean, sigma: lang.sqrt(lang.add(variance, spec.epsilon)) };
  const given = hooks.moments(own);
  const { sigma } = given ?? own;
  const shifted = given?.mean ? lang.sub(grouped, given.mean) : centred;
  return {
    y: lang.reshape(lang.div(shifted, sigma), x.shape),
    sigma: spec.statistics.over === "groups" ? perChannel(sigma, x.shape) : sigma,
  };
}

/** The shape in which groups are whole axes, and those axes. */
function viewOf(statistics: Statistics, shape: readonly number[]): { shape: number[]; axes: number[] } {
  if (statistics.over !== "groups") return { shape: [...shape], axes: axesOf(statistics, shape.length) };
  const [batch, channels, ...positions] = shape as [number, number, ...number[]];
  const size = (channels / statistics.groups) * positions.reduce((a, b) => a * b, 1);
  return { shape: [batch, statistics.groups, size], axes: [2] };
}

/** The axes of x that mean and variance are taken over. */
function axesOf(statistics: Exclude<Statistics, { over: "groups" }>, rank: number): number[] {
  const all = Array.from({ length: rank }, (_, i) => i);
  switch (statistics.over) {
    case "batch":
      return all.filter((i) => i !== 1);
    case "positions":
      return all.slice(2);
    case "trailing":
      return all.slice(statistics.axis);
    case "axes":
      return statistics.axes.map((a) => (a < 0 ? a + rank : a)).sort((a, b) => a - b);
  }
}

/** One number per (sample, group) [N, G, 1] as [N, C, 1, …]. */
function perChannel(sigma: Traced, shape: readonly number[]): Traced {
  const [batch, groups] = sigma.shape as [number, number, number];
  const spread = lang.broadcastTo(sigma, [batch, groups, shape[1] / groups]);
  return lang.reshape(spread, [batch, shape[1], ...shape.slice(2).map(() => 1)]);
}

/** Scale or bias in a shape that broadcasts against x. */
function align(
  vector: Traced,
  per: AffineOperand["per"],
  statistics: Statistics,
  shape: readonly number[],
): Traced {
  const column = [...shape.slice(1)].map((n, i) => (i === 0 ? n : 1));
  if (per === "element") return vector;
  if (per === "channel" || statistics.over !== "groups") return lang.reshape(vector, column);
  const { groups } = statistics;
  const repeated = lang.broadcastTo(lang.reshape(vector, [groups, 1]), [groups, shape[1] / groups]);
  return lang.reshape(repeated, column);
}

/** Where the groups of a normalization lie in x, or null for a choice of axes that no layout describes. */
export function layoutOf(statistics: Statistics, shape: readonly number[]): GroupLayout | null {
  const rank = shape.length;
  if (statistics.over === "batch") return batchNormLayout(shape);
  if (statistics.over === "positions") return instanceNormLayout(shape);
  if (statistics.over === "groups") return groupNormLayout(shape, statistics.groups);
  const axes = axesOf(statistics, rank);
  const first = axes[0];
  if (first !== undefined && axes.every((a, i) => a === first + i) && axes.at(-1) === rank - 1)
    return layerNormLayout(shape, first);
  if (axes.join() === "1") return channelLayerNormLayout(shape);
  if (axes.join() === axesOf({ over: "batch" }, rank).join()) return batchNormLayout(shape);
  return null;
}
