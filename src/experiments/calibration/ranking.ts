import { meanOf } from "../../base/statistics.js";
import { Random } from "../../datasets/index.js";
import { smallerShare } from "../statistics.js";

/** A number with a 95 % interval from the bootstrap over settings. */
export interface Ranked {
  readonly value: number;
  readonly interval: readonly [low: number, high: number];
}

/** A setting as a point: what was foretold, and what it cost. */
export interface Point {
  readonly foretold: number;
  readonly cost: number;
}

const RESAMPLES = 1000;

/** Spearman's rank correlation of the points; null where one side does not vary. */
export function rankCorrelation(points: readonly Point[]): number | null {
  const a = ranksOf(points.map(({ foretold }) => foretold));
  const b = ranksOf(points.map(({ cost }) => cost));
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    product += (value - meanA) * (b[i] - meanB);
    squaresA += (value - meanA) ** 2;
    squaresB += (b[i] - meanB) ** 2;
  }
  const lengths = Math.sqrt(squaresA * squaresB);
  return lengths > 0 ? product / lengths : null;
}

/** Ranks from 1 on; equal values share the mean of their ranks. */
function ranksOf(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) => values[i] - values[j]);
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let k = start; k < end; k++) ranks[order[k]] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** A clear case: what was foretold, and whether it was costly. */
export interface ClearCase {
  readonly foretold: number;
  readonly costly: boolean;
}

/** The area under the ROC curve; null where all cases are alike. */
export function areaUnderCurve(cases: readonly ClearCase[]): number | null {
  const of = (costly: boolean) => cases.filter((c) => c.costly === costly).map(({ foretold }) => foretold);
  const [harmless, costly] = [of(false), of(true)];
  return harmless.length === 0 || costly.length === 0 ? null : smallerShare(harmless, costly);
}

/** A statistic of items with its bootstrap interval; null where the items do not determine it. */
export function bootstrapped<T>(
  items: readonly T[],
  statistic: (items: readonly T[]) => number | null,
): Ranked | null {
  const value = statistic(items);
  if (value === null) return null;
  const random = new Random(items.length);
  const values: number[] = [];
  for (let i = 0; i < RESAMPLES; i++) {
    const resampled = statistic(items.map(() => items[random.below(items.length)]));
    if (resampled !== null) values.push(resampled);
  }
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.round(share * (values.length - 1))];
  return { value, interval: [at(0.025), at(0.975)] };
}
