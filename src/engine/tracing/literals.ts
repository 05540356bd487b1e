import { UserError } from "../../base/errors.js";

/**
 * The float64 value of a number that jax-js has rounded to float32.
 *
 * jax-js stores an untyped JavaScript number in float32, even next to float64 arrays. The tensor
 * language types all its numbers, so only numbers inside jax-js's own derivative rules and
 * functions are concerned. The number is taken to be the first of these that float32 rounds to it:
 *
 * 1. a whole number
 * 2. a well-known irrational constant
 * 3. a decimal of at most four digits
 * 4. the reciprocal of a whole number (from means)
 * 5. a short binary fraction
 * 6. a decimal of five or six digits, the most that float32 distinguishes
 *
 * Not covered: jax-js adds and multiplies two literals while it traces, in float32.
 *
 * @throws UserError for any other number, because its lost digits are unknown.
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
    `number ${rounded}: jax-js rounded it to float32 and its float64 value is unknown; write it as a float64 scalar`,
  );
}

/** The nearest 1/n with whole n; NaN where float32 cannot tell 1/n from 1/(n ± 1). */
function reciprocal(x: number): number {
  const n = Math.round(1 / x);
  return Math.abs(n) <= 1 << 20 ? 1 / n : Number.NaN;
}

/** x where it has at most 16 binary digits, else NaN. */
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
