import { Rational } from "./rational.js";

/** The number of infinitesimals: two are enough for second derivatives. */
const INFINITESIMALS = 2;

/** Options of `RootAlgebra`. */
export interface RootAlgebraOptions {
  /** Give channels whose v differ by the square of a rational one common symbol. Default false. */
  readonly identify?: boolean;
}

/**
 * Exact numbers for one normalization: the rationals, extended by one symbol t_d = 1/√v_d per
 * channel and by infinitesimals τ₁, τ₂ with τ² = 0 that carry derivatives.
 *
 * An element is a sum of monomials: a rational times a product of distinct symbols. Powers are not
 * needed, since t_d² = 1/v_d is rational. For one channel an element is a + b·√v.
 *
 * An element without monomials is 0. An element with monomials differs from 0 when no product of
 * distinct v_d is the square of a rational: then the products of the roots are linearly independent
 * over the rationals (Besicovitch 1940). See `rootsAreIndependent`.
 */
export class RootAlgebra {
  /** The channel and the v of each symbol 1/√v. */
  private readonly symbols: { readonly channel: number; readonly v: Rational }[] = [];
  private readonly identify: boolean;

  constructor({ identify = false }: RootAlgebraOptions = {}) {
    this.identify = identify;
  }

  /** A rational number as an element. */
  rational(value: Rational | bigint | number): Element {
    return this.element([[0, value instanceof Rational ? value : Rational.of(value)]]);
  }

  /** τ₁ or τ₂. */
  infinitesimal(which: 0 | 1): Element {
    return this.element([[1 << which, Rational.one]]);
  }

  /** 1/√v of a channel. The part of v without infinitesimals must be a positive rational. */
  inverseRoot(channel: number, v: Element): Element {
    const value = v.coefficient(0);
    if (value.isZero) throw new RangeError("a channel of equal values has no 1/√v");
    // (1 + m)^(−1/2) = 1 − m/2 + 3m²/8 with m = v/v₀ − 1, and m³ = 0 with two infinitesimals.
    const m = v.scaled(Rational.one.over(value)).minus(this.rational(1));
    const series = this.rational(1)
      .minus(m.scaled(Rational.of(1, 2)))
      .plus(m.times(m).scaled(Rational.of(3, 8)));
    return this.symbol(channel, value).times(series);
  }

  private symbol(channel: number, v: Rational): Element {
    for (const [index, known] of this.symbols.entries()) {
      const ratio = known.v.over(v);
      if (known.channel === channel && ratio.equals(Rational.one)) return this.root(index);
      const root = this.identify ? ratio.root() : null;
      if (root !== null) return this.root(index).scaled(root);
    }
    return this.root(this.symbols.push({ channel, v }) - 1);
  }

  private root(index: number): Element {
    return this.element([[1 << (INFINITESIMALS + index), Rational.one]]);
  }

  /** Whether no product of distinct radicands is the square of a rational. */
  rootsAreIndependent(): boolean {
    for (let subset = 1; subset < 1 << this.symbols.length; subset++)
      if (this.productOf(subset).root() !== null) return false;
    return true;
  }

  private productOf(subset: number): Rational {
    return this.symbols.reduce(
      (product, { v }, i) => (subset & (1 << i) ? product.times(v) : product),
      Rational.one,
    );
  }

  /**
   * The product of two monomials: a monomial and the rational from squares of roots. Null where
   * some τ² = 0.
   */
  multiply(a: number, b: number): [monomial: number, factor: Rational] | null {
    const both = a & b;
    if (both & ((1 << INFINITESIMALS) - 1)) return null;
    return [a ^ b, both === 0 ? Rational.one : Rational.one.over(this.productOf(both >> INFINITESIMALS))];
  }

  /** The sum of monomials with these coefficients. */
  element(terms: Iterable<readonly [number, Rational]>): Element {
    return new Element(this, new Map([...terms].filter(([, c]) => !c.isZero)));
  }
}

/** A number of a `RootAlgebra`. */
export class Element {
  constructor(
    private readonly algebra: RootAlgebra,
    /**
     * Coefficients other than 0, by monomial. A monomial has a bit per infinitesimal, then one per
     * root.
     */
    private readonly terms: ReadonlyMap<number, Rational>,
  ) {}

  /** The coefficient of a monomial; 0 where it is absent. */
  coefficient(monomial: number): Rational {
    return this.terms.get(monomial) ?? Rational.zero;
  }

  /** Number of coefficients other than 0. */
  get size(): number {
    return this.terms.size;
  }

  plus(b: Element): Element {
    const sum = new Map(this.terms);
    for (const [monomial, c] of b.terms) sum.set(monomial, (sum.get(monomial) ?? Rational.zero).plus(c));
    return this.algebra.element(sum);
  }

  minus(b: Element): Element {
    return this.plus(b.scaled(Rational.of(-1)));
  }

  scaled(q: Rational): Element {
    return this.algebra.element([...this.terms].map(([monomial, c]) => [monomial, c.times(q)]));
  }

  times(b: Element): Element {
    const product = new Map<number, Rational>();
    for (const [m, c] of this.terms)
      for (const [n, d] of b.terms) {
        const rule = this.algebra.multiply(m, n);
        if (rule === null) continue;
        const [monomial, factor] = rule;
        const term = c.times(d).times(factor);
        product.set(monomial, (product.get(monomial) ?? Rational.zero).plus(term));
      }
    return this.algebra.element(product);
  }

  /** The derivative along τ₁ (`which` = 1), along τ₂ (2), or the mixed second one (3). */
  derivative(which: 1 | 2 | 3): Element {
    const mask = (1 << INFINITESIMALS) - 1;
    return this.algebra.element(
      [...this.terms].filter(([m]) => (m & mask) === which).map(([m, c]) => [m & ~mask, c]),
    );
  }
}
