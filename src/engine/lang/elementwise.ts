import { lax, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow } from "./borrow.js";
import { cast, dtypeOf, full, isFloat, type Operand, stopGradient } from "./core.js";
import { pair } from "./pair.js";

/**
 * a + b, elementwise. Shapes broadcast as in NumPy, here and in every function of two operands
 * below.
 */
export function add(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return x.add(y);
}

/** a − b, elementwise. */
export function sub(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return x.sub(y);
}

/** a · b, elementwise. */
export function mul(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return x.mul(y);
}

/** a / b, elementwise. Integers divide towards zero. */
export function div(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return x.div(y);
}

/** The larger of a and b, elementwise. Where they are equal, each gets half of the cotangent. */
export function max(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return chosen(np.maximum(x, y), { a, b, ofA: greater });
}

/** The smaller of a and b, elementwise. Where they are equal, each gets half of the cotangent. */
export function min(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return chosen(np.minimum(x, y), { a, b, ofA: less });
}

/**
 * A choice between a and b: `value`, with the derivative of the operand that it equals. `ofA` tells
 * where that is a.
 */
function chosen(
  value: Traced,
  { a, b, ofA }: { readonly a: Operand; readonly b: Operand; readonly ofA: typeof greater },
): Traced {
  const dtype = dtypeOf(value);
  if (!isFloat(dtype)) return value;
  const [x, y] = [a, b].map((operand) => (typeof operand === "number" ? operand : stopGradient(operand)));
  const share = where(equal(x, y), 0.5, cast(ofA(x, y), dtype));
  const changes = [
    ...(typeof a === "number" ? [] : [mul(share, change(a))]),
    ...(typeof b === "number" ? [] : [mul(sub(1, share), change(b))]),
  ];
  return changes.reduce(add, stopGradient(value));
}

/** x − x, which is 0 and has the derivative of x. The lowering leaves it out. */
const change = (x: Traced): Traced => sub(x, stopGradient(x));

/**
 * The function of x that has these derivatives: its value, first, second and third derivative at x.
 *
 * This is for functions whose value is computed in a way that has no derivative, or one that
 * rounds. It is the Taylor polynomial around x as a constant, evaluated at x.
 */
function withDerivatives(x: Traced, derivatives: readonly [Traced, Traced, Traced, Traced]): Traced {
  const [value, first, second, third] = derivatives.map(stopGradient) as [Traced, Traced, Traced, Traced];
  const d = change(x);
  const inner = add(mul(second, 0.5), mul(mul(d, third), 1 / 6));
  return add(value, mul(d, add(first, mul(d, inner))));
}

/** −x, elementwise. */
export const neg = (x: Traced): Traced => borrow(x).neg();
/** eˣ, elementwise. */
export const exp = (x: Traced): Traced => np.exp(borrow(x));
/** Natural logarithm of x, elementwise. */
export const log = (x: Traced): Traced => np.log(borrow(x));
/** √x, elementwise. */
export const sqrt = (x: Traced): Traced => np.sqrt(borrow(x));
/** 1 / x, elementwise. */
export const reciprocal = (x: Traced): Traced => np.reciprocal(borrow(x));
/** Sine of x in radians, elementwise. */
export const sin = (x: Traced): Traced => np.sin(borrow(x));
/** Cosine of x in radians, elementwise. */
export const cos = (x: Traced): Traced => np.cos(borrow(x));
/** Tangent of x in radians, elementwise: sin x / cos x. */
export const tan = (x: Traced): Traced => div(sin(x), cos(x));
/** Inverse sine of x, in radians between −π/2 and π/2, elementwise. */
export const asin = (x: Traced): Traced => np.asin(borrow(x));
/** Inverse cosine of x, in radians between 0 and π, elementwise: π/2 − asin x. */
export const acos = (x: Traced): Traced => sub(Math.PI / 2, asin(x));
/** Inverse tangent of x, in radians between −π/2 and π/2, elementwise. */
export const atan = (x: Traced): Traced => np.atan(borrow(x));
/** Error function, elementwise: 2/√π · ∫₀ˣ e^(−t²) dt. */
export const erf = (x: Traced): Traced => lax.erf(borrow(x));
/** The largest whole number that is at most x, elementwise. Its derivative is 0. */
export const floor = (x: Traced): Traced => np.floor(borrow(x));
/** The smallest whole number that is at least x, elementwise. Its derivative is 0. */
export const ceil = (x: Traced): Traced => np.ceil(borrow(x));

/** Remainder of a / b with the sign of a, elementwise, as C's % and as ONNX's Mod with fmod = 1. */
export const remainder = (a: Operand, b: Operand): Traced => sub(a, mul(truncate(div(a, b)), b));

/** x rounded towards zero, elementwise. Integers stay as they are. */
export const truncate = (x: Traced): Traced =>
  isFloat(dtypeOf(x)) ? where(less(x, 0), ceil(x), floor(x)) : x;

/**
 * x rounded to the nearest whole number, halves to the even one, elementwise. Its derivative is 0.
 */
export function round(x: Traced): Traced {
  const below = floor(x);
  const rest = sub(x, below);
  const even = mul(floor(mul(add(below, 1), 0.5)), 2);
  return where(equal(rest, 0.5), even, where(less(rest, 0.5), below, add(below, 1)));
}

/** x · x, elementwise. */
export const square = (x: Traced): Traced => mul(x, x);

/** Whether a < b, elementwise; of type bool, as are all comparisons below. */
export const less = (a: Operand, b: Operand): Traced => np.less(...pair(a, b));
/** Whether a ≤ b, elementwise. */
export const lessEqual = (a: Operand, b: Operand): Traced => np.lessEqual(...pair(a, b));
/** Whether a > b, elementwise. */
export const greater = (a: Operand, b: Operand): Traced => np.greater(...pair(a, b));
/** Whether a ≥ b, elementwise. */
export const greaterEqual = (a: Operand, b: Operand): Traced => np.greaterEqual(...pair(a, b));
/** Whether a = b, elementwise. */
export const equal = (a: Operand, b: Operand): Traced => np.equal(...pair(a, b));
/** Whether a ≠ b, elementwise. */
export const notEqual = (a: Operand, b: Operand): Traced => np.notEqual(...pair(a, b));

/** Whether a and b are both true, elementwise, for values of type bool. */
export const and = (a: Traced, b: Traced): Traced => np.logicalAnd(borrow(a), borrow(b));
/** Whether a or b is true, elementwise, for values of type bool. */
export const or = (a: Traced, b: Traced): Traced => np.logicalOr(borrow(a), borrow(b));
/** Whether exactly one of a and b is true, elementwise, for values of type bool. */
export const xor = (a: Traced, b: Traced): Traced => np.logicalXor(borrow(a), borrow(b));
/** Whether x is false, elementwise, for a value of type bool. */
export const not = (x: Traced): Traced => np.logicalNot(borrow(x));

/**
 * a where `condition` is true, else b, elementwise.
 *
 * In the derivative, each of a and b gets the cotangent where it was chosen, and 0 elsewhere.
 */
export function where(condition: Traced, a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return np.where(borrow(condition), x, y);
}

/** max(x, 0), elementwise. Its derivative at 0 is 0, as in PyTorch. */
export const relu = (x: Traced): Traced => where(greater(x, 0), x, 0);

/** |x|, elementwise. Its derivative at 0 is 0. */
export const abs = (x: Traced): Traced => mul(x, sign(x));

/** −1, 0 or 1 by the sign of x, elementwise. Its derivative is 0. */
export function sign(x: Traced): Traced {
  const dtype = dtypeOf(x);
  return cast(sub(cast(greater(x, 0), "int32"), cast(less(x, 0), "int32")), dtype);
}

/** e^x − 1, elementwise, with all digits where it is small. Its derivative is e^x. */
export function expm1(x: Traced): Traced {
  const at = stopGradient(x);
  const grown = exp(at);
  return withDerivatives(x, [growth(at, grown), grown, grown, grown]);
}

/**
 * e^x − 1 from x and e^x, rounded to `grown`. The logarithm of `grown` differs from x as `grown`
 * differs from e^x, so the quotient of both differences has all digits.
 */
function growth(x: Traced, grown: Traced): Traced {
  const above = sub(grown, 1);
  const small = and(less(magnitude(x), 1), notEqual(above, 0));
  const exact = mul(above, div(x, log(where(small, grown, 2))));
  return where(small, exact, where(equal(above, 0), x, above));
}

/** log(1 + x), elementwise, with all digits where it is small. Its derivative is 1/(1 + x). */
export function log1p(x: Traced): Traced {
  const at = stopGradient(x);
  const rate = reciprocal(add(at, 1));
  const curvature = neg(square(rate));
  return withDerivatives(x, [logOfOnePlus(at), rate, curvature, mul(mul(curvature, rate), -2)]);
}

/** log(1 + x). What rounding adds to 1 + x changes the logarithm and 1 + x − 1 alike. */
function logOfOnePlus(x: Traced): Traced {
  const total = add(x, 1);
  const rounded = sub(total, 1);
  const tiny = equal(rounded, 0);
  // Where x is so large that 1 + x rounds to x, the quotient is 1; ∞/∞ would be NaN.
  const ratio = where(greater(x, 1), 1, div(x, where(tiny, 1, rounded)));
  return where(tiny, x, mul(log(total), ratio));
}

/** |x| for a function that has a derivative of its own. */
const magnitude = (x: Traced): Traced => where(less(x, 0), neg(x), x);

/** 1 / (1 + e^−x), elementwise, computed so that no exponential overflows. */
export function sigmoid(x: Traced): Traced {
  const { share, rest } = shares(stopGradient(x));
  const slope = mul(share, rest);
  const curvature = mul(slope, sub(rest, share));
  return withDerivatives(x, [share, slope, curvature, mul(slope, sub(1, mul(slope, 6)))]);
}

/** 1 / (1 + e^−x) and 1 / (1 + e^x), each with all digits. */
function shares(x: Traced): { readonly share: Traced; readonly rest: Traced } {
  const tail = exp(neg(magnitude(x)));
  const upper = reciprocal(add(tail, 1));
  const lower = mul(tail, upper);
  const positive = greaterEqual(x, 0);
  return { share: where(positive, upper, lower), rest: where(positive, lower, upper) };
}

/**
 * log(1 + eˣ), elementwise, computed so that the exponential does not overflow. Its derivative is
 * sigmoid(x).
 */
export function softplus(x: Traced): Traced {
  const at = stopGradient(x);
  const { share, rest } = shares(at);
  const value = add(relu(at), logOfOnePlus(exp(neg(magnitude(at)))));
  const slope = mul(share, rest);
  return withDerivatives(x, [value, share, slope, mul(slope, sub(rest, share))]);
}

/**
 * Hyperbolic tangent, elementwise: sign(x) · (1 − t) / (1 + t) with t = e^(−2|x|), so that the
 * exponential does not overflow. Its derivative is 1 − tanh² x.
 */
export function tanh(x: Traced): Traced {
  const at = stopGradient(x);
  const exponent = mul(magnitude(at), -2);
  const tail = exp(exponent);
  const size = div(neg(growth(exponent, tail)), add(tail, 1));
  const value = where(less(at, 0), neg(size), size);
  // 1 − tanh² x without the digits that the subtraction would cancel.
  const slope = div(mul(tail, 4), square(add(tail, 1)));
  const curvature = mul(mul(value, slope), -2);
  const third = mul(slope, sub(mul(square(value), 6), 2));
  return withDerivatives(x, [value, slope, curvature, third]);
}

/**
 * The p-th root of a sum of p-th powers of magnitudes, elementwise; the square root by default. Its
 * derivative at 0 is 0, as the subgradient of a norm and of a standard deviation in PyTorch. (The
 * derivative of `sqrt` at 0 is infinite.)
 */
export function rootOfPowers(x: Traced, p = 2): Traced {
  const zero = equal(x, 0);
  return where(zero, 0, pow(where(zero, 1, x), 1 / p));
}

/**
 * x to the power `exponent`, elementwise. A negative x has powers with whole exponents; others are
 * NaN.
 *
 * A known whole exponent is computed by products. Other exponents are computed by exp and log. The
 * derivative at 0 is the limit from above: 0 for exponents above 1, and infinite between 0 and 1.
 */
export function pow(x: Traced, exponent: Operand): Traced {
  if (typeof exponent !== "number") return tracedPower(x, exponent);
  if (exponent === 0) return full(x.shape, 1, dtypeOf(x));
  if (exponent === 0.5) return sqrt(x);
  if (exponent < 0) return reciprocal(pow(x, -exponent));
  if (Number.isInteger(exponent)) return wholePower(x, exponent);
  const zero = equal(x, 0);
  const ofZero = exponent > 1 ? 0 : sqrt(where(zero, x, 1));
  return where(zero, ofZero, exp(mul(log(where(zero, 1, x)), exponent)));
}

/** `pow` for exponents that are known at run time only. */
function tracedPower(x: Traced, exponent: Traced): Traced {
  const zero = equal(x, 0);
  const size = exp(mul(log(where(zero, 1, abs(x))), exponent));
  const whole = equal(floor(exponent), exponent);
  const odd = notEqual(mul(floor(mul(exponent, 0.5)), 2), exponent);
  const negative = where(whole, where(odd, neg(size), size), Number.NaN);
  return where(zero, powerOfZero(x, exponent), where(less(x, 0), negative, size));
}

/**
 * The power of x = 0, as an expression with the derivative of the power. Each branch reads 1 where
 * it is not chosen, since 0 times an infinite derivative would be NaN.
 */
function powerOfZero(x: Traced, exponent: Traced): Traced {
  const zero = equal(x, 0);
  const [negative, root] = [less(exponent, 0), and(greater(exponent, 0), less(exponent, 1))];
  const pole = reciprocal(where(and(zero, negative), x, 1));
  const below = where(root, sqrt(where(and(zero, root), x, 1)), 1);
  const above = where(equal(exponent, 1), x, where(equal(exponent, 2), square(x), 0));
  return where(negative, pole, where(less(exponent, 1), below, above));
}

/** x · x · … · x by repeated squaring, for whole exponents ≥ 1. */
function wholePower(x: Traced, exponent: number): Traced {
  if (exponent === 1) return x;
  const half = wholePower(square(x), Math.floor(exponent / 2));
  return exponent % 2 === 0 ? half : mul(half, x);
}
