/**
 * A fraction with a positive denominator, not in lowest terms.
 *
 * Greatest common divisors would take most of the time. Most denominators here are powers of one
 * variance; a sum of two uses the larger denominator.
 */
export class Rational {
  static readonly zero: Rational = new Rational(0n, 1n);
  static readonly one: Rational = new Rational(1n, 1n);

  private constructor(
    readonly numerator: bigint,
    readonly denominator: bigint,
  ) {}

  static of(numerator: bigint | number, denominator: bigint | number = 1n): Rational {
    const [n, d] = [BigInt(numerator), BigInt(denominator)];
    if (d === 0n) throw new RangeError("division by zero");
    if (n === 0n) return Rational.zero;
    return d < 0n ? new Rational(-n, -d) : new Rational(n, d);
  }

  get isZero(): boolean {
    return this.numerator === 0n;
  }

  plus(b: Rational): Rational {
    if (this.isZero) return b;
    if (b.isZero) return this;
    const [small, large] = this.denominator <= b.denominator ? [this, b] : [b, this];
    if (large.denominator % small.denominator === 0n) {
      const factor = large.denominator / small.denominator;
      return Rational.of(large.numerator + small.numerator * factor, large.denominator);
    }
    return Rational.of(
      small.numerator * large.denominator + large.numerator * small.denominator,
      small.denominator * large.denominator,
    );
  }

  minus(b: Rational): Rational {
    return this.plus(new Rational(-b.numerator, b.denominator));
  }

  times(b: Rational): Rational {
    return Rational.of(this.numerator * b.numerator, this.denominator * b.denominator);
  }

  over(b: Rational): Rational {
    return Rational.of(this.numerator * b.denominator, this.denominator * b.numerator);
  }

  equals(b: Rational): boolean {
    return this.numerator * b.denominator === b.numerator * this.denominator;
  }

  /** The square root where it is rational, else null. */
  root(): Rational | null {
    // √(p/q) = √(p·q)/q: p/q is a square exactly if p·q is.
    const root = integerRoot(this.numerator * this.denominator);
    return root === null ? null : Rational.of(root, this.denominator);
  }
}

/**
 * The square root of a perfect square, by Newton's iteration from above. Null for other numbers.
 */
function integerRoot(square: bigint): bigint | null {
  if (square < 0n) return null;
  if (square < 2n) return square;
  let root = 1n << BigInt(Math.ceil(square.toString(2).length / 2));
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return root * root === square ? root : null;
    root = next;
  }
}
