import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.js";
import { type Element, RootAlgebra } from "../../src/verify/exact/algebra.js";
import { deviations, exactCase, features, terms } from "../../src/verify/exact/cases.js";
import { Rational } from "../../src/verify/exact/rational.js";
import { exactStandardization, mean, moments, sum } from "../../src/verify/exact/standardization.js";
import { type ExactStandardization, verifyExact } from "../../src/verify/index.js";

const anyRational = fc
  .tuple(fc.bigInt(-1000n, 1000n), fc.bigInt(1n, 1000n))
  .map(([n, d]) => Rational.of(n, d));

const toNumber = (q: Rational) => Number(q.numerator) / Number(q.denominator);

describe("Rational numbers", () => {
  it("Rational numbers form a field", () => {
    fc.assert(
      fc.property(anyRational, anyRational, anyRational, (a, b, c) => {
        expect(
          a
            .plus(b)
            .times(c)
            .equals(a.times(c).plus(b.times(c))),
        ).toBe(true);
        expect(a.minus(b).plus(b).equals(a)).toBe(true);
        if (!b.isZero) expect(a.over(b).times(b).equals(a)).toBe(true);
        expect(toNumber(a.times(b))).toBeCloseTo(toNumber(a) * toNumber(b), 6);
      }),
    );
  });

  it("Squares have a rational root, and other numbers have none", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 1n << 200n), fc.bigInt(1n, 1n << 200n), (n, d) => {
        const q = Rational.of(n, d);
        expect(q.times(q).root()!.equals(q)).toBe(true);
        expect(q.times(q).times(Rational.of(7)).root()?.isZero ?? true).toBe(true);
      }),
    );
  });
});

describe("The root algebra", () => {
  /** An element with two roots and both infinitesimals. */
  const element = (algebra: RootAlgebra, [a, b, c, d]: Rational[]): Element => {
    const t = [algebra.rational(3), algebra.rational(5)].map((v, i) => algebra.inverseRoot(i, v));
    return algebra
      .rational(a)
      .plus(t[0].scaled(b))
      .plus(t[1].times(algebra.infinitesimal(0)).scaled(c))
      .plus(t[0].times(t[1]).times(algebra.infinitesimal(1)).scaled(d));
  };
  const four = fc.tuple(anyRational, anyRational, anyRational, anyRational);

  it("Elements form a commutative ring", () => {
    fc.assert(
      fc.property(four, four, four, (p, q, r) => {
        const algebra = new RootAlgebra();
        const [a, b, c] = [p, q, r].map((values) => element(algebra, values));
        expect(a.times(b).minus(b.times(a)).size).toBe(0);
        expect(
          a
            .times(b)
            .times(c)
            .minus(a.times(b.times(c))).size,
        ).toBe(0);
        expect(
          a
            .plus(b)
            .times(c)
            .minus(a.times(c).plus(b.times(c))).size,
        ).toBe(0);
      }),
    );
  });

  it("The square of 1/√v is 1/v, infinitesimals included", () => {
    fc.assert(
      fc.property(four, ([a, b, c, d]) => {
        fc.pre(!a.isZero);
        const algebra = new RootAlgebra();
        const [x, y] = [algebra.infinitesimal(0), algebra.infinitesimal(1)];
        const v = algebra.rational(a.times(a)).plus(x.scaled(b)).plus(y.scaled(c)).plus(x.times(y).scaled(d));
        const root = algebra.inverseRoot(0, v);
        expect(root.times(root).times(v).minus(algebra.rational(1)).size).toBe(0);
      }),
    );
  });

  it("With `identify`, channels whose variances differ by a square share one symbol", () => {
    const difference = (identify: boolean) => {
      const algebra = new RootAlgebra({ identify });
      const [one, two] = [3, 12].map((v, i) => algebra.inverseRoot(i, algebra.rational(v)));
      return one.minus(two.scaled(Rational.of(2))).size;
    };
    expect(difference(true)).toBe(0);
    expect(difference(false)).toBe(2);
  });

  it("Dependent products of roots are found", () => {
    const independent = (...radicands: number[]) => {
      const algebra = new RootAlgebra();
      for (const [i, v] of radicands.entries()) algebra.inverseRoot(i, algebra.rational(v));
      return algebra.rootsAreIndependent();
    };
    expect(independent(2, 3, 5)).toBe(true);
    expect(independent(2, 3, 6)).toBe(false);
    expect(independent(2, 4)).toBe(false);
  });
});

describe("verifyExact", () => {
  it("Every blocked number is exactly 0, and the probability of an accident is below 2⁻⁶⁰", async () => {
    const report = await verifyExact({ trials: 1 });
    expect(report.checks.filter(({ pass }) => !pass)).toEqual([]);
    expect(report.checks.every(({ worst }) => worst === 0)).toBe(true);
    expect(report.falsePassLog2).toBeLessThan(-60);
  });

  const mutants: [string, string[], Partial<ExactStandardization>][] = [
    [
      "the adjoint without its y term",
      ["exact-adjoint"],
      {
        adjoint(algebra, channel, x, gradient) {
          const { inverseSigma } = moments(algebra, channel, x);
          return gradient.map((g) => g.minus(mean(gradient)).times(inverseSigma));
        },
      },
    ],
    [
      // At ε = 0 a factor √(n/(n−1)) in σ blocks the same directions, but the adjoint differs.
      "unbiased variance",
      ["exact-adjoint", "exact-off-diagonal"],
      {
        standardize(algebra, channel, x) {
          const { centred } = moments(algebra, channel, x);
          const variance = sum(centred.map((c) => c.times(c))).scaled(
            Rational.of(1, Math.max(1, x.length - 1)),
          );
          return centred.map((c) => c.times(algebra.inverseRoot(channel, variance)));
        },
      },
    ],
    [
      "mean not subtracted",
      ["exact-theorem-1", "exact-theorem-2", "exact-corollary", "exact-correlated"],
      {
        standardize: (algebra, channel, x) =>
          x.map((v) => v.times(moments(algebra, channel, x).inverseSigma)),
      },
    ],
    [
      "ε = 1 in the root",
      ["exact-theorem-2", "exact-adjoint"],
      {
        standardize(algebra, channel, x) {
          const { centred } = moments(algebra, channel, x);
          const variance = mean(centred.map((c) => c.times(c))).plus(algebra.rational(1));
          return centred.map((c) => c.times(algebra.inverseRoot(channel, variance)));
        },
      },
    ],
  ];

  it.each(mutants)("A mutant fails its checks: %s", async (_, fails, broken) => {
    const report = await verifyExact({ trials: 1, standardization: broken });
    const failed = report.checks.filter(({ pass }) => !pass).map(({ id }) => id);
    expect(failed).toEqual(expect.arrayContaining(fails));
  });

  it("The degree of Theorem 2 is exact: along a line its numerator is a polynomial of that degree", () => {
    // For a broken norm that does not subtract the mean, the number of Theorem 2 is not 0. Along
    // X + s·X′, and the same for γ, β, ẑ and H, its numerator over v² is a polynomial of degree 6
    // in s: differences of order 7 are 0, differences of order 6 are not.
    const random = new Random(1);
    const [from, along] = [exactCase(random, 1, 3), exactCase(random, 1, 3)];
    const numerator = (s: number): Rational => {
      const step = (a: Rational, b: Rational) => a.plus(b.times(Rational.of(s)));
      const row = (a: readonly Rational[], b: readonly Rational[]) => a.map((v, k) => step(v, b[k]));
      const c = {
        x: [row(from.x[0], along.x[0])],
        gamma: row(from.gamma, along.gamma),
        beta: row(from.beta, along.beta),
        point: row(from.point, along.point),
        gradient: row(from.gradient, along.gradient),
        hessian: [row(from.hessian[0], along.hessian[0])],
      };
      const algebra = new RootAlgebra();
      const broken: ExactStandardization = {
        ...exactStandardization,
        standardize: (algebra, channel, x) =>
          x.map((v) => v.times(moments(algebra, channel, x).inverseSigma)),
      };
      const x = features(algebra, c, (_, i) => Rational.of(i === 0 ? 1 : 0));
      const u = deviations(algebra, broken, c, x);
      const derivative = terms.diagonal(u, () => c.hessian[0][0]).derivative(1);
      const average = c.x[0].reduce((a, b) => a.plus(b)).over(Rational.of(3));
      const variance = c.x[0]
        .map((v) => v.minus(average))
        .reduce((total, v) => total.plus(v.times(v)), Rational.zero)
        .over(Rational.of(3));
      return derivative.coefficient(0).times(variance).times(variance);
    };
    let values = Array.from({ length: 9 }, (_, s) => numerator(s));
    const difference = () => {
      values = values.slice(1).map((v, k) => v.minus(values[k]));
    };
    for (let order = 0; order < 6; order++) difference();
    expect(values.some((v) => !v.isZero)).toBe(true);
    difference();
    expect(values.every((v) => v.isZero)).toBe(true);
  });
});
