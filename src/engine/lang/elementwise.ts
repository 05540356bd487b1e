import { lax, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow } from "./borrow.js";
import { cast, dtypeOf, isFloat, type Operand } from "./core.js";
import { pair } from "./pair.js";

export function add(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return x.add(y) as Traced;
}

export function sub(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return x.sub(y) as Traced;
}

export function mul(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return x.mul(y) as Traced;
}

/** a / b; integers divide towards zero. */
export function div(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return x.div(y) as Traced;
}

export function max(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return np.maximum(x, y) as Traced;
}

export function min(a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return np.minimum(x, y) as Traced;
}

export const neg = (x: Traced): Traced => borrow(x).neg() as Traced;
export const exp = (x: Traced): Traced => np.exp(borrow(x)) as Traced;
export const log = (x: Traced): Traced => np.log(borrow(x)) as Traced;
export const sqrt = (x: Traced): Traced => np.sqrt(borrow(x)) as Traced;
export const reciprocal = (x: Traced): Traced => np.reciprocal(borrow(x)) as Traced;
export const sin = (x: Traced): Traced => np.sin(borrow(x)) as Traced;
export const cos = (x: Traced): Traced => np.cos(borrow(x)) as Traced;
export const tan = (x: Traced): Traced => div(sin(x), cos(x));
export const asin = (x: Traced): Traced => np.asin(borrow(x)) as Traced;
export const acos = (x: Traced): Traced => sub(Math.PI / 2, asin(x));
export const atan = (x: Traced): Traced => np.atan(borrow(x)) as Traced;
export const erf = (x: Traced): Traced => lax.erf(borrow(x)) as Traced;
export const floor = (x: Traced): Traced => np.floor(borrow(x)) as Traced;
export const ceil = (x: Traced): Traced => np.ceil(borrow(x)) as Traced;

/** Remainder of a / b with the sign of a, as C's % and ONNX's Mod with fmod=1. */
export const remainder = (a: Operand, b: Operand): Traced => sub(a, mul(truncate(div(a, b)), b));

/** Towards zero; integers stay as they are. */
export const truncate = (x: Traced): Traced =>
  isFloat(dtypeOf(x)) ? where(less(x, 0), ceil(x), floor(x)) : x;

/** To the nearest whole number, halves to the even one; derivative 0. */
export function round(x: Traced): Traced {
  const below = floor(x);
  const rest = sub(x, below);
  const even = mul(floor(mul(add(below, 1), 0.5)), 2);
  return where(equal(rest, 0.5), even, where(less(rest, 0.5), below, add(below, 1)));
}

export const square = (x: Traced): Traced => mul(x, x);

export const less = (a: Operand, b: Operand): Traced => np.less(...pair(a, b)) as Traced;
export const lessEqual = (a: Operand, b: Operand): Traced => np.lessEqual(...pair(a, b)) as Traced;
export const greater = (a: Operand, b: Operand): Traced => np.greater(...pair(a, b)) as Traced;
export const greaterEqual = (a: Operand, b: Operand): Traced => np.greaterEqual(...pair(a, b)) as Traced;
export const equal = (a: Operand, b: Operand): Traced => np.equal(...pair(a, b)) as Traced;
export const notEqual = (a: Operand, b: Operand): Traced => np.notEqual(...pair(a, b)) as Traced;

export const and = (a: Traced, b: Traced): Traced => np.logicalAnd(borrow(a), borrow(b)) as Traced;
export const or = (a: Traced, b: Traced): Traced => np.logicalOr(borrow(a), borrow(b)) as Traced;
export const xor = (a: Traced, b: Traced): Traced => np.logicalXor(borrow(a), borrow(b)) as Traced;
export const not = (x: Traced): Traced => np.logicalNot(borrow(x)) as Traced;

/** Elementwise choice. Differentiating gives each branch the cotangent where it was chosen, 0 elsewhere. */
export function where(condition: Traced, a: Operand, b: Operand): Traced {
  const [x, y] = pair(a, b);
  return np.where(borrow(condition), x, y) as Traced;
}

/** max(x, 0), with derivative 0 at 0 as in PyTorch. */
export const relu = (x: Traced): Traced => where(greater(x, 0), x, 0);

/** |x|, with derivative 0 at 0. */
export const abs = (x: Traced): Traced => mul(x, sign(x));

/** −1, 0 or 1; derivative 0. */
export function sign(x: Traced): Traced {
  const dtype = dtypeOf(x);
  return cast(sub(cast(greater(x, 0), "int32"), cast(less(x, 0), "int32")), dtype);
}

/** 1/(1 + e^−x), evaluated so that neither tail overflows. */
export function sigmoid(x: Traced): Traced {
  const tail = exp(neg(abs(x)));
  const upper = reciprocal(add(tail, 1));
  return where(greaterEqual(x, 0), upper, mul(tail, upper));
}

/** log(1 + e^x) without overflow. */
export const softplus = (x: Traced): Traced => add(max(x, 0), log(add(exp(neg(abs(x))), 1)));

/** tanh x = 2·sigmoid(2x) − 1, written with the tail that cannot overflow. */
export function tanh(x: Traced): Traced {
  const tail = exp(mul(abs(x), -2));
  return mul(sign(x), div(sub(1, tail), add(tail, 1)));
}

/** x to a power. Whole exponents are products; others go through exp and log (x ≥ 0). */
export function pow(x: Traced, exponent: Operand): Traced {
  if (typeof exponent !== "number") return exp(mul(log(x), exponent));
  if (exponent === 0) return add(mul(x, 0), 1);
  if (exponent === 0.5) return sqrt(x);
  if (exponent < 0) return reciprocal(pow(x, -exponent));
  return Number.isInteger(exponent) ? wholePower(x, exponent) : exp(mul(log(x), exponent));
}

/** x·x·…·x by squaring, for exponents from 1 on. */
function wholePower(x: Traced, exponent: number): Traced {
  if (exponent === 1) return x;
  const half = wholePower(square(x), Math.floor(exponent / 2));
  return exponent % 2 === 0 ? half : mul(half, x);
}
