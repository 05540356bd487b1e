import type { GraphBuilder, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";

/**
 * Functions for which ONNX Runtime has no float64 operator, composed of operators that it has in
 * float64. For float32, ONNX Runtime's own operator is used where there is one.
 */

type Arithmetic = ReturnType<typeof arithmetic>;

/** Arithmetic on values of one element type. An operand can also be a number. */
function arithmetic(g: GraphBuilder, dtype: "float32" | "float64") {
  const value = (x: Value | number): Value => (typeof x === "number" ? g.scalar(x, dtype) : x);
  const binary = (op: string) => (a: Value | number, b: Value | number) =>
    ops.elementwise(g, op, [value(a), value(b)]);
  const unary = (op: string) => (x: Value) => ops.elementwise(g, op, [x]);
  return {
    add: binary("Add"),
    sub: binary("Sub"),
    mul: binary("Mul"),
    div: binary("Div"),
    min: binary("Min"),
    max: binary("Max"),
    abs: unary("Abs"),
    exp: unary("Exp"),
    sqrt: unary("Sqrt"),
    sin: unary("Sin"),
    cos: unary("Cos"),
    sign: unary("Sign"),
    less: (a: Value | number, b: Value | number) => ops.elementwise(g, "Less", [value(a), value(b)], "bool"),
    where: (condition: Value, a: Value | number, b: Value | number) =>
      ops.elementwise(g, "Where", [condition, value(a), value(b)], dtype),
  };
}

/** Σᵢ coefficients[i]·xⁱ by Horner's rule. There are at least two coefficients. */
function polynomial({ add, mul }: Arithmetic, coefficients: readonly number[], x: Value): Value {
  return coefficients.reduceRight<Value | number>(
    (sum, c) => (sum === 0 ? c : add(mul(sum, x), c)),
    0,
  ) as Value;
}

/**
 * atan x. In float64, θ is first computed in float32 and then corrected by the exact identity
 *
 *     atan x = θ + atan δ    with    δ = (x cos θ − sin θ) / (cos θ + x sin θ).
 *
 * |δ| is below 1e-6·|θ|, so δ differs from atan δ by less than the last digit of θ.
 */
export function arctangent(g: GraphBuilder, x: Value): Value {
  if (x.dtype !== "float64") return ops.elementwise(g, "Atan", [x]);
  const { add, sub, mul, div, min, max, sin, cos } = arithmetic(g, "float64");
  const bounded = min(max(x, -1e30), 1e30); // Prevents overflow. Beyond, atan is ±π/2.
  const theta = ops.cast(g, ops.elementwise(g, "Atan", [ops.cast(g, bounded, "float32")]), "float64");
  const [s, c] = [sin(theta), cos(theta)];
  return add(theta, div(sub(mul(bounded, c), s), add(c, mul(bounded, s))));
}

/** asin x. In float64, atan(x / √((1 − x)(1 + x))). */
export function arcsine(g: GraphBuilder, x: Value): Value {
  if (x.dtype !== "float64") return ops.elementwise(g, "Asin", [x]);
  const { add, sub, mul, div, sqrt } = arithmetic(g, "float64");
  return arctangent(g, div(x, sqrt(mul(sub(1, x), add(1, x)))));
}

/** erf x. In float64, the Taylor series for |x| ≤ 1, and sign(x)·(1 − erfc |x|) beyond. */
export function errorFunction(g: GraphBuilder, x: Value): Value {
  if (x.dtype !== "float64") return ops.elementwise(g, "Erf", [x]);
  const a = arithmetic(g, "float64");
  const size = a.abs(x);
  // Both branches are computed for every x. The series would overflow for large ones.
  const near = a.min(size, 1);
  const series = a.mul(near, polynomial(a, ERF_SERIES, a.mul(near, near)));
  const tail = a.sub(1, positiveComplement(g, a, size));
  return a.mul(a.sign(x), a.where(a.less(1, size), tail, series));
}

/**
 * erfc x, with full relative precision for x > 0. ONNX has no operator for it, so float32 is
 * computed in float64, too.
 */
export function errorFunctionComplement(g: GraphBuilder, x: Value): Value {
  const wide = ops.cast(g, x, "float64");
  const a = arithmetic(g, "float64");
  const upper = positiveComplement(g, a, a.abs(wide));
  return ops.cast(g, a.where(a.less(wide, 0), a.sub(2, upper), upper), x.dtype);
}

/**
 * erfc x for x ≥ 0, as e^(−x²)·q(t) with t = (x − c)/(x + c) and c = ERFCX_CENTRE.
 *
 * Rounding x² would cost digits of e^(−x²). The square is therefore split, x² = h² + (x − h)(x +
 * h), where h is x rounded to float32. h² is exact in float64 and the rest is small.
 */
function positiveComplement(g: GraphBuilder, a: Arithmetic, x: Value): Value {
  const bounded = a.min(x, 1e3); // Prevents overflow. Beyond, e^(−x²) is 0.
  const t = a.div(a.sub(bounded, ERFCX_CENTRE), a.add(bounded, ERFCX_CENTRE));
  const head = ops.cast(g, ops.cast(g, bounded, "float32"), "float64");
  const rest = a.mul(a.sub(bounded, head), a.add(bounded, head));
  const bell = a.mul(a.exp(a.mul(-1, a.mul(head, head))), a.exp(a.mul(-1, rest)));
  return a.mul(bell, polynomial(a, ERFCX, t));
}

/**
 * aₙ = (2/√π)·(−1)ⁿ/(n!·(2n + 1)) of the series erf x = x·Σₙ aₙ x²ⁿ. At x = 1, the terms after
 * these are below the precision of float64.
 */
const ERF_SERIES = series(20);

function series(terms: number): number[] {
  let factorial = 1;
  return Array.from({ length: terms }, (_, n) => {
    if (n > 0) factorial *= -n;
    return 2 / Math.sqrt(Math.PI) / (factorial * (2 * n + 1));
  });
}

/** c in t = (x − c)/(x + c), which maps 0 ≤ x < ∞ to −1 ≤ t < 1. */
const ERFCX_CENTRE = 3.5;

/**
 * Coefficients of q(t) = e^(x²)·erfc x in powers of t, with a relative error of 1.5e-15. They come
 * from the Chebyshev interpolant in 120 points, computed with 60 digits, without its terms below
 * 1e-18.
 */
const ERFCX = [
  0.1552936556088943, -0.28926504483276744, 0.23313048160025088, -0.1613385247645055, 0.09442780690918871,
  -0.045436761183693865, 0.016976760931384713, -0.0042422386033032925, 0.0002673850937238738,
  0.0002885551933394245, -0.00010808484116727443, -4.673533023005978e-6, 1.3346352550364484e-5,
  -1.6291292855429354e-6, -1.5195491823144158e-6, 3.7115498993251316e-7, 1.926423637812194e-7,
  -6.265791753902102e-8, -2.889557953249145e-8, 9.451807021388913e-9, 4.797169802329376e-9,
  -1.1853286375114187e-9, -7.123458003557229e-10, 8.968842148255274e-11, 6.274851896577037e-11,
];
