import { UserError } from "../../base/errors.js";

/**
 * Exact float64 values of numbers that jax-js has rounded to float32.
 *
 * jax-js stores an untyped JavaScript number (a "weak" literal) in float32, also when it meets float64 arrays.
 * The tensor language types all its numbers, so what remains are the numbers inside jax-js's own derivative
 * rules and library functions. They were written in one of these ways, tried in this order: a whole number; a
 * well-known irrational constant; a decimal of few digits; the reciprocal of a whole number (means); a short
 * binary fraction; a decimal of six digits, the most that float32 keeps apart. Anything else is refused, since
 * its lost digits cannot be known.
 *
 * Not covered: jax-js folds sums and products of two literals while it traces, before anyone sees them.
 */
export function exactFloat64(rounded: number): number {
  if (!Number.isFinite(rounded) || Number.isInteger(rounded)) return rounded;
  const candidates = [
    ...IRRATIONALS,
    ...IRRATIONALS.map((c) => -c),
    ...[1, 2, 3, 4].map((digits) => Number(rounded.toPrecision(digits))),
    reciprocal(rounded),
    shortFraction(rounded),
    ...[5, 6].map((digits) => Number(rounded.toPrecision(digits))),
  ];
  const exact = candidates.find((candidate) => Math.fround(candidate) === rounded);
  if (exact !== undefined) return exact;
  throw new UserError(
    `the untyped number ${rounded} was rounded to float32 by jax-js and its float64 value is unknown; write it as a float64 scalar`,
  );
}

/** The nearest 1/n, for n that float32 tells apart from n ± 1; NaN for others. */
function reciprocal(x: number): number {
  const n = Math.round(1 / x);
  return Math.abs(n) <= 1 << 20 ? 1 / n : Number.NaN;
}

/** x if it has 16 binary digits or fewer, else NaN. */
function shortFraction(x: number): number {
  return Number.isInteger(Math.abs(x) * 2 ** (15 - Math.floor(Math.log2(Math.abs(x))))) ? x : Number.NaN;
}

const IRRATIONALS = [
  2 / Math.sqrt(Math.PI), // derivative of erf
  Math.sqrt(2 / Math.PI), // tanh approximation of GELU
  1 / Math.sqrt(2 * Math.PI),
  Math.PI,
  Math.PI / 2,
  Math.PI / 4,
  2 * Math.PI,
  Math.E,
  Math.LN2,
  Math.LN10,
  Math.LOG2E,
  Math.LOG10E,
  Math.SQRT2,
  Math.SQRT1_2,
];
