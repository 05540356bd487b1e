import { Rational } from "./rational.js";

/** How many infinitesimals there are: two are enough for second derivatives. */
const INFINITESIMALS = 2;

/**
 * Exact numbers for one normalization: the rationals with the symbols t_d = 1/√v_d, one per channel, and infinitesimals
 * τ₁, τ₂ with τ² = 0 that carry derivatives.
 *
 * An element is a sum of rationals times products of symbols, since t_d² = 1/v_d is rational: for one channel the pair a +
 * b√v, for products over channels the field of all these roots. An element without terms is 0. The converse,
 * that one with terms is not 0, holds when no product of distinct v_d is the square of a rational: the products
 * of the roots are then linearly independent over the rationals (Besicovitch 1940). See `rootsAreIndependent`.
 */
export class RootAlgebra {
  /** What each symbol stands for: 1/√v of a channel. */
  private readonly symbols: { readonly channel: number; readonly v: Rational }[] = [];

  /** `identify`: give channels whose v differ by the square of a rational one common symbol. */
  constructor(private readonly identify = false) {}

  rational(value: Rational | bigint | number): Element {
    return this.element([[0, value instanceof Rational ? value : Rational.of(value)]]);
  }

  /** τ₁ or τ₂. */
  infinitesimal(which: 0 | 1): Element {
    return this.element([[1 << which, Rational.one]]);
  }

  /** 1/√v of a channel, for v whose part without infinitesimals is a positive rational. */
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

  /** The product of two monomials: which one it is, and the rational that squares of roots leave; null if some τ² = 0. */
  multiply(a: number, b: number): [monomial: number, factor: Rational] | null {
    const both = a & b;
    if (both & ((1 << INFINITESIMALS) - 1)) return null;
    return [a ^ b, both === 0 ? Rational.one : Rational.one.over(this.productOf(both >> INFINITESIMALS))];
  }

  element(terms: Iterable<readonly [number, Rational]>): Element {
    return new Element(this, new Map([...terms].filter(([, c]) => !c.isZero)));
  }
}

/** A number of a `RootAlgebra`. */
export class Element {
  constructor(
    private readonly algebra: RootAlgebra,
    /** Coefficients other than 0, by monomial: a bit for each infinitesimal, then one for each root. */
    private readonly terms: ReadonlyMap<number, Rational>,
  ) {}

  coefficient(monomial: number): Rational {
    return this.terms.get(monomial) ?? Rational.zero;
  }

  /** How many coefficients are not 0. */
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

  /** The coefficient of τ₁ (`which` = 1), τ₂ (2) or τ₁τ₂ (3), free of infinitesimals: a derivative. */
  derivative(which: 1 | 2 | 3): Element {
    const mask = (1 << INFINITESIMALS) - 1;
    return this.algebra.element(
      [...this.terms].filter(([m]) => (m & mask) === which).map(([m, c]) => [m & ~mask, c]),
    );
  }
}
