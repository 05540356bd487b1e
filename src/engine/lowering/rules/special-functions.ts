import type { GraphBuilder, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";

/**
 * Functions that ONNX Runtime computes in float32 only, or not at all, from operators it has in float64. In float32
 * its own operators are used where it has them.
 */

type Arithmetic = ReturnType<typeof arithmetic>;

/** Operators on values of one element type, numbers included. */
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

/** Σ coefficients[i]·xⁱ by Horner's rule. */
function polynomial({ add, mul }: Arithmetic, coefficients: readonly number[], x: Value): Value {
  return coefficients.reduceRight<Value | number>(
    (sum, c) => (sum === 0 ? c : add(mul(sum, x), c)),
    0,
  ) as Value;
}

/**
 * atan x in float64: the float32 value θ corrected by the exact identity atan x = θ + atan δ with
 * δ = (x cos θ − sin θ)/(cos θ + x sin θ). As |δ| < 1e-6 |θ|, δ is atan δ to the last digit of θ.
 */
export function arctangent(g: GraphBuilder, x: Value): Value {
  if (x.dtype !== "float64") return ops.elementwise(g, "Atan", [x]);
  const { add, sub, mul, div, min, max, sin, cos } = arithmetic(g, "float64");
  const bounded = min(max(x, -1e30), 1e30); // so that nothing overflows; atan is ±π/2 there
  const theta = ops.cast(g, ops.elementwise(g, "Atan", [ops.cast(g, bounded, "float32")]), "float64");
  const [s, c] = [sin(theta), cos(theta)];
  return add(theta, div(sub(mul(bounded, c), s), add(c, mul(bounded, s))));
}

/** asin x in float64 as atan(x / √((1 − x)(1 + x))). */
export function arcsine(g: GraphBuilder, x: Value): Value {
  if (x.dtype !== "float64") return ops.elementwise(g, "Asin", [x]);
  const { add, sub, mul, div, sqrt } = arithmetic(g, "float64");
  return arctangent(g, div(x, sqrt(mul(sub(1, x), add(1, x)))));
}

/** erf x; in float64 by its Taylor series for |x| ≤ 1, beyond that as sign(x)·(1 − erfc |x|). */
export function errorFunction(g: GraphBuilder, x: Value): Value {
  if (x.dtype !== "float64") return ops.elementwise(g, "Erf", [x]);
  const a = arithmetic(g, "float64");
  const size = a.abs(x);
  // Far arguments would overflow the series that is not used for them.
  const near = a.min(size, 1);
  const series = a.mul(near, polynomial(a, ERF_SERIES, a.mul(near, near)));
  const tail = a.sub(1, positiveComplement(g, a, size));
  return a.mul(a.sign(x), a.where(a.less(1, size), tail, series));
}

/** erfc x, to full relative precision for x > 0. Computed in float64 for float32 too: ONNX has no operator for it. */
export function errorFunctionComplement(g: GraphBuilder, x: Value): Value {
  const wide = ops.cast(g, x, "float64");
  const a = arithmetic(g, "float64");
  const upper = positiveComplement(g, a, a.abs(wide));
  return ops.cast(g, a.where(a.less(wide, 0), a.sub(2, upper), upper), x.dtype);
}

/**
 * erfc x for x ≥ 0 as e^(−x²)·q(t), t = (x − c)/(x + c). The square is split into an exact part and a small rest,
 * x² = h² + (x − h)(x + h) with h = x in float32, so that rounding it costs no digits.
 */
function positiveComplement(g: GraphBuilder, a: Arithmetic, x: Value): Value {
  const bounded = a.min(x, 1e3); // e^(−x²) is 0 long before
  const t = a.div(a.sub(bounded, ERFCX_CENTRE), a.add(bounded, ERFCX_CENTRE));
  const head = ops.cast(g, ops.cast(g, bounded, "float32"), "float64");
  const rest = a.mul(a.sub(bounded, head), a.add(bounded, head));
  const bell = a.mul(a.exp(a.mul(-1, a.mul(head, head))), a.exp(a.mul(-1, rest)));
  return a.mul(bell, polynomial(a, ERFCX, t));
}

/** (2/√π)·(−1)ⁿ/(n!(2n + 1)), the coefficients of erf x = x·Σ aₙ x²ⁿ, until they vanish at x = 1. */
const ERF_SERIES = series(20);

function series(terms: number): number[] {
  let factorial = 1;
  return Array.from({ length: terms }, (_, n) => {
    if (n > 0) factorial *= -n;
    return 2 / Math.sqrt(Math.PI) / (factorial * (2 * n + 1));
  });
}

/**
 * Coefficients of q(t) = e^(x²)·erfc x on x = c(1 + t)/(1 − t): its Chebyshev interpolant in 120 points, worked out with
 * 60 digits, cut where terms fall below 1e-18 and written in powers of t. Relative error 1.5e-15.
 */
const ERFCX_CENTRE = 3.5;
const ERFCX = [
  0.1552936556088943, -0.28926504483276744, 0.23313048160025088, -0.1613385247645055, 0.09442780690918871,
  -0.045436761183693865, 0.016976760931384713, -0.0042422386033032925, 0.0002673850937238738,
  0.0002885551933394245, -0.00010808484116727443, -4.673533023005978e-6, 1.3346352550364484e-5,
  -1.6291292855429354e-6, -1.5195491823144158e-6, 3.7115498993251316e-7, 1.926423637812194e-7,
  -6.265791753902102e-8, -2.889557953249145e-8, 9.451807021388913e-9, 4.797169802329376e-9,
  -1.1853286375114187e-9, -7.123458003557229e-10, 8.968842148255274e-11, 6.274851896577037e-11,
];
