import type { Traced } from "../../engine/lang/index.js";
import * as lang from "../../engine/lang/index.js";
import { deviationOf } from "./deviation.js";
import type { NormSpec } from "./spec.js";
import { type AffineLayout, reducedAxes, type StatisticsAxes } from "./statistics.js";

/**
 * Mean and deviation of every group, in a shape that broadcasts against x once the groups are whole
 * axes: size 1 along each reduced axis, and [N, groups, 1] for groups of channels.
 */
export interface GroupStatistics {
  /** μ; null for a normalization that subtracts no mean. */
  readonly mean: Traced | null;
  /** σ = √(v + ε). */
  readonly sigma: Traced;
}

/** Callbacks that see, and may replace, the values inside one normalization while it is traced. */
export interface NormHooks {
  /** x, the input of the standardization. */
  input(x: Traced): Traced;
  /** The statistics of x. Returns the statistics to standardize with, or null for those of x. */
  statistics(own: GroupStatistics): GroupStatistics | null;
  /** y, the output of the standardization, in the shape of x; σ broadcasts against y. */
  standardized(y: Traced, sigma: Traced): Traced;
  /** γ as the file stores it. */
  scale(gamma: Traced): Traced;
  /** β as the file stores it. */
  bias(beta: Traced): Traced;
  /** z = γ·y + β. `affine` maps any y of this layer to its z. */
  output(z: Traced, affine: (y: Traced) => Traced): Traced;
}

/** Stored values that a normalization reads besides x. */
export interface NormOperands {
  /** γ and β; null where the layer has none. */
  readonly scale: Traced | null;
  readonly bias: Traced | null;
  /** The stored mean and variance of a frozen layer, one number per channel. */
  readonly frozen?: { readonly mean: Traced; readonly variance: Traced } | null;
  /** What the file multiplies the biased variance with, as n/(n − 1). Default 1. */
  readonly factor?: number;
}

const unchanged: NormHooks = {
  input: (x) => x,
  statistics: () => null,
  standardized: (y) => y,
  scale: (gamma) => gamma,
  bias: (beta) => beta,
  output: (z) => z,
};

/**
 * Traces a normalization with the statistics of the batch, or with the stored ones of a frozen
 * layer, as its two phases in primitive ops:
 * σ = √(mean((x − μ)²) + ε), y = (x − μ)/σ, z = γ·y + β (docs/theory.md, section 1). The
 * variance is biased: it divides by n.
 *
 * @param spec - The normalization: its axes, ε, and how γ and β lie against x.
 * @param x - The input, [N, C, …].
 * @param affine - γ and β as the file stores them, null where the layer has none; and the stored
 *   statistics of a frozen layer.
 * @param hooks - Callbacks for the values in between.
 * @returns z, in the shape of x.
 */
export function normalize(
  spec: NormSpec,
  x: Traced,
  affine: NormOperands,
  hooks: NormHooks = unchanged,
): Traced {
  const { y, sigma } = standardize(spec, hooks.input(x), {
    frozen: affine.frozen ?? null,
    factor: affine.factor ?? 1,
    ...hooks,
  });
  const standardized = hooks.standardized(y, sigma);
  const against = { statistics: spec.statistics, shape: x.shape };
  const gamma = affine.scale && spec.scale ? align(hooks.scale(affine.scale), spec.scale.per, against) : null;
  const beta = affine.bias && spec.bias ? align(hooks.bias(affine.bias), spec.bias.per, against) : null;
  const affinePhase = (y: Traced): Traced => {
    const scaled = gamma ? lang.mul(y, gamma) : y;
    return beta ? lang.add(scaled, beta) : scaled;
  };
  return hooks.output(affinePhase(standardized), affinePhase);
}

function standardize(
  spec: NormSpec,
  x: Traced,
  {
    frozen,
    factor,
    statistics,
  }: Pick<NormHooks, "statistics"> & Pick<Required<NormOperands>, "frozen" | "factor">,
): { y: Traced; sigma: Traced } {
  const view = groupsAsAxes(spec.statistics, x.shape);
  const grouped = lang.reshape(x, view.shape);
  const keepdims = { keepdims: true };
  const column = x.shape.map((n, i) => (i === 1 ? n : 1));
  const mean = frozen
    ? lang.reshape(frozen.mean, column)
    : spec.centred
      ? lang.mean(grouped, view.axes, keepdims)
      : null;
  const centred = mean ? lang.sub(grouped, mean) : grouped;
  const variance = frozen
    ? lang.reshape(frozen.variance, column)
    : lang.mean(lang.square(centred), view.axes, keepdims);
  const own = { mean, sigma: deviationOf(variance, { ...spec, factor }) };
  const given = statistics(own);
  const { sigma } = given ?? own;
  const shifted = given?.mean ? lang.sub(grouped, given.mean) : centred;
  return {
    y: lang.reshape(lang.div(shifted, sigma), x.shape),
    sigma: spec.statistics.over === "groups" ? perChannel(sigma, x.shape) : sigma,
  };
}

/** The shape of x in which every group fills whole axes, and those axes. */
function groupsAsAxes(
  statistics: StatisticsAxes,
  shape: readonly number[],
): { shape: number[]; axes: number[] } {
  if (statistics.over !== "groups") return { shape: [...shape], axes: reducedAxes(statistics, shape.length) };
  const [batch, channels, ...positions] = shape as [number, number, ...number[]];
  const size = (channels / statistics.groups) * positions.reduce((a, b) => a * b, 1);
  return { shape: [batch, statistics.groups, size], axes: [2] };
}

/** Repeats one number per (sample, group), [N, G, 1], for each channel: [N, C, 1, …]. */
function perChannel(sigma: Traced, shape: readonly number[]): Traced {
  const [batch, groups] = sigma.shape as [number, number, number];
  const spread = lang.broadcastTo(sigma, [batch, groups, shape[1] / groups]);
  return lang.reshape(spread, [batch, shape[1], ...shape.slice(2).map(() => 1)]);
}

/** γ or β in a shape that broadcasts against x. */
function align(
  vector: Traced,
  per: AffineLayout,
  { statistics, shape }: { readonly statistics: StatisticsAxes; readonly shape: readonly number[] },
): Traced {
  if (per === "element") return vector;
  const column = shape.slice(1).map((n, i) => (i === 0 ? n : 1));
  if (per === "channel" || statistics.over !== "groups") return lang.reshape(vector, column);
  const { groups } = statistics;
  const repeated = lang.broadcastTo(lang.reshape(vector, [groups, 1]), [groups, shape[1] / groups]);
  return lang.reshape(repeated, column);
}
