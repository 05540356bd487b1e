import type { Random } from "../../base/random.js";
import type { Element, RootAlgebra } from "./algebra.js";
import { Rational } from "./rational.js";
import { type ExactStandardization, sum } from "./standardization.js";

/** log₂ of the number of integers that every variable is drawn from. */
export const RANGE_BITS = 96;

/** A uniform integer from −2⁹⁵ to 2⁹⁵ − 1. */
function integer(random: Random): bigint {
  let value = 0n;
  for (let bits = 0; bits < RANGE_BITS; bits += 32) value = (value << 32n) | BigInt(random.bits());
  return value - (1n << BigInt(RANGE_BITS - 1));
}

export const rationals = (random: Random, count: number): Rational[] =>
  Array.from({ length: count }, () => Rational.of(integer(random)));

/** A batch normalization and an expansion, all of random integers: X [D][n], γ, β, ẑ, g [D], H [D][D]. */
export interface ExactCase {
  readonly x: readonly (readonly Rational[])[];
  readonly gamma: readonly Rational[];
  readonly beta: readonly Rational[];
  readonly point: readonly Rational[];
  readonly gradient: readonly Rational[];
  readonly hessian: readonly (readonly Rational[])[];
}

export function exactCase(random: Random, channels: number, elements: number): ExactCase {
  const hessian = Array.from({ length: channels }, () => rationals(random, channels));
  return {
    x: Array.from({ length: channels }, () => rationals(random, elements)),
    gamma: rationals(random, channels),
    beta: rationals(random, channels),
    point: rationals(random, channels),
    gradient: rationals(random, channels),
    hessian: hessian.map((row, d) => row.map((value, e) => (e < d ? hessian[e][d] : value))),
  };
}

/** Adds an infinitesimal multiple of a direction to X. Without one, X as it is. */
export function features(
  algebra: RootAlgebra,
  { x }: ExactCase,
  ...directions: readonly ((channel: number, element: number) => Rational)[]
): Element[][] {
  return x.map((row, d) =>
    row.map((value, i) =>
      directions.reduce(
        (moved, along, k) => moved.plus(algebra.infinitesimal(k as 0 | 1).scaled(along(d, i))),
        algebra.rational(value),
      ),
    ),
  );
}

/** u = z − ẑ = γ·y + (β − ẑ), channel by channel. */
export function deviations(
  algebra: RootAlgebra,
  standardization: ExactStandardization,
  c: ExactCase,
  x: readonly (readonly Element[])[],
): Element[][] {
  return x.map((row, d) => {
    const offset = algebra.rational(c.beta[d].minus(c.point[d]));
    return standardization.standardize(algebra, d, row).map((y) => y.scaled(c.gamma[d]).plus(offset));
  });
}

/** The Taylor terms as functions of u [D][n]; g and H may differ from element to element. */
export const terms = {
  first: (u: readonly Element[][], g: (d: number, i: number) => Rational): Element =>
    sum(u.flatMap((row, d) => row.map((v, i) => v.scaled(g(d, i))))),

  diagonal: (u: readonly Element[][], h: (d: number, i: number) => Rational): Element =>
    sum(u.flatMap((row, d) => row.map((v, i) => v.times(v).scaled(h(d, i))))).scaled(Rational.of(1, 2)),

  offDiagonal: (u: readonly Element[][], h: (d: number, e: number) => Rational, none: Element): Element =>
    u.reduce(
      (total, row, d) =>
        u
          .slice(0, d)
          .reduce(
            (partial, other, e) => partial.plus(sum(row.map((v, i) => v.times(other[i]))).scaled(h(d, e))),
            total,
          ),
      none,
    ),

  third: (u: readonly Element[][], t: (d: number) => Rational): Element =>
    sum(u.flatMap((row, d) => row.map((v) => v.times(v).times(v).scaled(t(d))))),
};
