/** A fraction in lowest terms with a positive denominator. */
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
    const g = gcd(n < 0n ? -n : n, d < 0n ? -d : d);
    return d < 0n ? new Rational(-n / g, -d / g) : new Rational(n / g, d / g);
  }

  get isZero(): boolean {
    return this.numerator === 0n;
  }

  plus(b: Rational): Rational {
    return Rational.of(
      this.numerator * b.denominator + b.numerator * this.denominator,
      this.denominator * b.denominator,
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
    return this.numerator === b.numerator && this.denominator === b.denominator;
  }

  /** The square root, if it is rational; else null. */
  root(): Rational | null {
    const [n, d] = [integerRoot(this.numerator), integerRoot(this.denominator)];
    return n === null || d === null ? null : Rational.of(n, d);
  }
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** The square root of a perfect square, by Newton's iteration from above; null for other numbers. */
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
