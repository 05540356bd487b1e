import { showShape } from "../../base/tensor.js";
import type { Traced } from "../../engine/lang/index.js";
import * as lang from "../../engine/lang/index.js";
import { broadcastHost, broadcastShapes, Host, type HostType, mapHost, zipHost } from "../values/host.js";
import { isSumOfSquares, noteSquares } from "../values/squares.js";
import { isHost, toTraced, type Value } from "../values/value.js";
import type { NodeContext, Op, OpTable } from "./context.js";
import { legacyOperand } from "./legacy-broadcast.js";

type Unary = (x: number) => number;
type Binary = (a: number, b: number) => number;

/** A binary op on traced tensors and on known numbers. */
interface BinaryOp {
  readonly traced: (a: Traced, b: Traced) => Traced;
  readonly host: Binary;
  /** Number system of known results; that of the first operand by default. */
  readonly type?: HostType;
}

/** Applies a binary op under broadcasting: to numbers if both operands are known, else traced. */
function combine(node: NodeContext, { traced, host, type }: BinaryOp, a: Value, b: Value): Value {
  if (!broadcastShapes(a.shape, b.shape))
    throw node.error(`shapes ${showShape(a.shape)} and ${showShape(b.shape)} do not broadcast`);
  const known = isHost(a) && isHost(b) ? zipHost(a, b, host, type) : null;
  return known ?? traced(toTraced(a, node.float), toTraced(b, node.float));
}

const binary =
  (traced: BinaryOp["traced"], host: Binary, type?: HostType): Op =>
  (node) =>
    combine(node, { traced, host, type }, node.value(0), legacyOperand(node, node.value(0), node.value(1)));

const variadic =
  (traced: BinaryOp["traced"], host: Binary): Op =>
  (node) =>
    node.values().reduce((a, b) => combine(node, { traced, host }, a, b));

const unary =
  (traced: (x: Traced) => Traced, host: Unary, type?: HostType): Op =>
  (node) => {
    const x = node.value(0);
    return isHost(x) ? mapHost(x, host, type) : traced(x);
  };

/** Division. Integers round towards 0. */
const divide: Op = (node) => {
  const a = node.value(0);
  const b = legacyOperand(node, a, node.value(1));
  const whole = isHost(a) && !a.isFloat;
  const quotient: BinaryOp = { traced: lang.div, host: (x, y) => (whole ? Math.trunc(x / y) : x / y) };
  return noteSquares(combine(node, quotient, a, b), scalesSquares(node));
};

/**
 * Remainder, with the sign of the dividend if fmod=1 and with the sign of the divisor otherwise.
 */
const mod: Op = (node) => {
  const signOfDividend = node.attributes.number("fmod", 0) === 1;
  const modulo: BinaryOp = {
    traced: (a, b) => {
      const rest = lang.remainder(a, b);
      if (signOfDividend) return rest;
      const opposite = lang.less(lang.mul(rest, b), 0);
      return lang.where(opposite, lang.add(rest, b), rest);
    },
    host: (a, b) => (signOfDividend || (a % b) * b >= 0 ? a % b : (a % b) + b),
  };
  return combine(node, modulo, node.value(0), node.value(1));
};

/**
 * Power. An exponent that is one stored number becomes a number, which the engine can specialize.
 */
const power: Op = (node) => {
  const [x, y] = [node.value(0), node.value(1)];
  if (isHost(x) && isHost(y)) return zipHost(x, y, Math.pow) ?? node.value(0);
  const stored = isHost(y) ? y : node.scope.known(node.node.inputs[1]);
  const exponent = stored?.data.every((v) => v === stored.data[0]) ? stored.data[0] : undefined;
  const shape = broadcastShapes(x.shape, y.shape);
  if (exponent === undefined || shape === null)
    return combine(node, { traced: lang.pow, host: Math.pow }, x, y);
  const base = lang.broadcastTo(toTraced(x, node.float), shape);
  const root = exponent === 0.5 && isSumOfSquares(x);
  return noteSquares(root ? lang.rootOfPowers(base) : lang.pow(base, exponent), exponent === 2);
};

/** Square root. The root of a sum of squares is a norm, with derivative 0 at 0. */
const squareRoot: Op = (node) => {
  const x = node.value(0);
  if (isHost(x)) return mapHost(x, Math.sqrt);
  return isSumOfSquares(x) ? lang.rootOfPowers(x) : lang.sqrt(x);
};

/** Whether a node is a square x · x, or a sum of squares times or divided by positive numbers. */
function scalesSquares(node: NodeContext): boolean {
  const [a, b] = [node.value(0), node.value(1)];
  if (a === b) return node.node.op === "Mul" && !isHost(a);
  const positive = (x: Value) => isHost(x) && x.data.every((v) => v > 0);
  return (isSumOfSquares(a) && positive(b)) || (node.node.op === "Mul" && isSumOfSquares(b) && positive(a));
}

const multiply: Op = (node) =>
  noteSquares(binary(lang.mul, (a, b) => a * b)(node) as Value, scalesSquares(node));

const mean: Op = (node) => {
  const plus: BinaryOp = { traced: lang.add, host: (x, y) => x + y };
  const sum = node.values().reduce((a, b) => combine(node, plus, a, b));
  const share = 1 / node.inputCount;
  return isHost(sum) ? mapHost(sum, (v) => v * share) : lang.mul(sum, share);
};

const where: Op = (node) => {
  const [c, a, b] = [node.value(0), node.value(1), node.value(2)];
  const shape = broadcastShapes(c.shape, a.shape, b.shape);
  if (!shape) throw node.error("the shapes of condition and branches do not broadcast");
  if (isHost(c) && isHost(a) && isHost(b)) {
    const [pick, x, y] = [c, a, b].map((v) => broadcastHost(v, shape).data) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    return Host.of(
      a.type,
      shape,
      pick.map((v, i) => (v ? x[i] : y[i])),
    );
  }
  return lang.where(toTraced(c, node.float), toTraced(a, node.float), toTraced(b, node.float));
};

const bool = (b: boolean): number => (b ? 1 : 0);

/** Rounds halves to even, as IEEE 754 and ONNX do. */
function roundEven(v: number): number {
  const below = Math.floor(v);
  return v - below === 0.5 ? 2 * Math.round(below / 2 + 0.25) : Math.round(v);
}

export const elementwiseOps: OpTable = {
  Add: binary(lang.add, (a, b) => a + b),
  Sub: binary(lang.sub, (a, b) => a - b),
  Mul: multiply,
  Div: divide,
  Mod: mod,
  Pow: power,
  Sum: variadic(lang.add, (a, b) => a + b),
  Min: variadic(lang.min, Math.min),
  Max: variadic(lang.max, Math.max),
  Mean: mean,

  Neg: unary(lang.neg, (v) => -v),
  Abs: unary(lang.abs, Math.abs),
  Sign: unary(lang.sign, Math.sign),
  Floor: unary(lang.floor, Math.floor),
  Ceil: unary(lang.ceil, Math.ceil),
  Round: unary(lang.round, roundEven),
  Reciprocal: unary(lang.reciprocal, (v) => 1 / v),
  Sqrt: squareRoot,
  Exp: unary(lang.exp, Math.exp),
  Log: unary(lang.log, Math.log),
  Sin: unary(lang.sin, Math.sin),
  Cos: unary(lang.cos, Math.cos),
  Tan: unary(lang.tan, Math.tan),
  Asin: unary(lang.asin, Math.asin),
  Acos: unary(lang.acos, Math.acos),
  Atan: unary(lang.atan, Math.atan),

  Equal: binary(lang.equal, (a, b) => bool(a === b), "bool"),
  Less: binary(lang.less, (a, b) => bool(a < b), "bool"),
  LessOrEqual: binary(lang.lessEqual, (a, b) => bool(a <= b), "bool"),
  Greater: binary(lang.greater, (a, b) => bool(a > b), "bool"),
  GreaterOrEqual: binary(lang.greaterEqual, (a, b) => bool(a >= b), "bool"),
  And: binary(lang.and, (a, b) => a * b),
  Or: binary(lang.or, (a, b) => bool(a + b > 0)),
  Xor: binary(lang.xor, (a, b) => bool(a !== b)),
  Not: unary(lang.not, (v) => 1 - v),
  Where: where,
};
