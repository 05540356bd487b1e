import { lax, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow } from "./borrow.js";
import { cast, dtypeOf, isFloat, type Operand } from "./core.js";
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

/** The larger of a and b, elementwise. */
export function max(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return np.maximum(x, y);
}

/** The smaller of a and b, elementwise. */
export function min(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return np.minimum(x, y);
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

/** 1 / (1 + e^−x), elementwise, computed so that no exponential overflows. */
export function sigmoid(x: Traced): Traced {
  const tail = exp(neg(abs(x)));
  const upper = reciprocal(add(tail, 1));
  return where(greaterEqual(x, 0), upper, mul(tail, upper));
}

/** log(1 + eˣ), elementwise, computed so that the exponential does not overflow. */
export const softplus = (x: Traced): Traced => add(max(x, 0), log(add(exp(neg(abs(x))), 1)));

/**
 * Hyperbolic tangent, elementwise: sign(x) · (1 − t) / (1 + t) with t = e^(−2|x|), so that the
 * exponential does not overflow.
 */
export function tanh(x: Traced): Traced {
  const tail = exp(mul(abs(x), -2));
  return mul(sign(x), div(sub(1, tail), add(tail, 1)));
}

/**
 * x to the power `exponent`, elementwise.
 *
 * Whole exponents are computed by products. Other exponents are computed by exp and log, so x must
 * be ≥ 0.
 */
export function pow(x: Traced, exponent: Operand): Traced {
  if (typeof exponent !== "number") return exp(mul(log(x), exponent));
  if (exponent === 0) return add(mul(x, 0), 1);
  if (exponent === 0.5) return sqrt(x);
  if (exponent < 0) return reciprocal(pow(x, -exponent));
  return Number.isInteger(exponent) ? wholePower(x, exponent) : exp(mul(log(x), exponent));
}

/** x · x · … · x by repeated squaring, for whole exponents ≥ 1. */
function wholePower(x: Traced, exponent: number): Traced {
  if (exponent === 1) return x;
  const half = wholePower(square(x), Math.floor(exponent / 2));
  return exponent % 2 === 0 ? half : mul(half, x);
}
