/**
 * Exact float64 values of numbers that jax-js has rounded to float32.
 *
 * jax-js stores an untyped JavaScript number (a "weak" literal) in float32, also when it meets float64 arrays.
 * The tensor language types all its numbers, so what remains are the numbers inside jax-js's own derivative
 * rules and library functions. Most survive (0, 1, 2, 0.5); the others were written as one of three things,
 * tried in this order: a well-known irrational constant, a decimal of at most six digits (which float32
 * keeps apart from every other such decimal), or the reciprocal of a whole number (means). Anything else is refused,
 * since its lost digits cannot be known.
 *
 * Not covered: jax-js folds sums and products of two literals while it traces, before anyone sees them.
 */
export function exactFloat64(rounded: number): number {
  if (!Number.isFinite(rounded) || fitsInBits(rounded, 16)) return rounded;
  const survives = (candidate: number) => Math.fround(candidate) === rounded;
  const irrational = IRRATIONALS.find((c) => survives(c) || survives(-c));
  if (irrational !== undefined) return rounded < 0 ? -irrational : irrational;
  for (let digits = 1; digits <= 6; digits++) {
    const decimal = Number(rounded.toPrecision(digits));
    if (survives(decimal)) return decimal;
  }
  const reciprocal = 1 / Math.round(1 / rounded);
  if (survives(reciprocal)) return reciprocal;
  if (Number.isInteger(rounded)) return rounded;
  throw new Error(
    `the untyped number ${rounded} was rounded to float32 by jax-js and its float64 value is unknown; write it as a float64 scalar`,
  );
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

/** Whether `x` is a whole number below 2^bits times a power of two, so that float32 has it exactly. */
function fitsInBits(x: number, bits: number): boolean {
  if (x === 0) return true;
  const scaled = Math.abs(x) * 2 ** (bits - 1 - Math.floor(Math.log2(Math.abs(x))));
  return Number.isInteger(scaled);
}
