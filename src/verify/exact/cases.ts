import type { Random } from "../../base/random.js";
import type { Element, RootAlgebra } from "./algebra.js";
import { Rational } from "./rational.js";
import { type ExactStandardization, sum } from "./standardization.js";

/** log₂ of the number of integers from which every variable is drawn. */
export const RANGE_BITS = 96;

/** A uniform integer from −2⁹⁵ to 2⁹⁵ − 1. */
function integer(random: Random): bigint {
  let value = 0n;
  for (let bits = 0; bits < RANGE_BITS; bits += 32) value = (value << 32n) | BigInt(random.bits());
  return value - (1n << BigInt(RANGE_BITS - 1));
}

/** Uniform random integers as rationals. */
export const rationals = (random: Random, count: number): Rational[] =>
  Array.from({ length: count }, () => Rational.of(integer(random)));

/** The input and the parameters of a batch normalization, and an expansion of the loss above it. */
export interface ExactCase {
  /** [D][n]. */
  readonly x: readonly (readonly Rational[])[];
  /** γ [D]. */
  readonly gamma: readonly Rational[];
  /** β [D]. */
  readonly beta: readonly Rational[];
  /** ẑ [D]. */
  readonly point: readonly Rational[];
  /** g [D]. */
  readonly gradient: readonly Rational[];
  /** H [D][D], symmetric. */
  readonly hessian: readonly (readonly Rational[])[];
}

/** A case of random integers. */
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

/** X plus an infinitesimal multiple of each direction; X itself without directions. */
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

/**
 * The Taylor terms as functions of u = z − ẑ [D][n]. Some take derivatives that differ by element.
 */
export const terms = {
  /** Σ_i Σ_d g_di·u_di. */
  first: (u: readonly Element[][], g: (d: number, i: number) => Rational): Element =>
    sum(u.flatMap((row, d) => row.map((v, i) => v.scaled(g(d, i))))),

  /** ½ Σ_i Σ_d h_di·u_di². */
  diagonal: (u: readonly Element[][], h: (d: number, i: number) => Rational): Element =>
    sum(u.flatMap((row, d) => row.map((v, i) => v.times(v).scaled(h(d, i))))).scaled(Rational.of(1, 2)),

  /** Σ_i Σ_{e<d} h_de·u_di·u_ei, added to `zero`. */
  offDiagonal: (u: readonly Element[][], h: (d: number, e: number) => Rational, zero: Element): Element =>
    u.reduce(
      (total, row, d) =>
        u
          .slice(0, d)
          .reduce(
            (partial, other, e) => partial.plus(sum(row.map((v, i) => v.times(other[i]))).scaled(h(d, e))),
            total,
          ),
      zero,
    ),

  /** Σ_i Σ_d t_d·u_di³. */
  third: (u: readonly Element[][], t: (d: number) => Rational): Element =>
    sum(u.flatMap((row, d) => row.map((v) => v.times(v).times(v).scaled(t(d))))),
};
