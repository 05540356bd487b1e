import type { GraphBuilder, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import { broadcast, dtypeOf, mapStored, splat, splatOf, type View, zip } from "../../graph/view.js";
import type { Rule } from "./rule.js";
import { arcsine, arctangent, errorFunction, errorFunctionComplement } from "./special-functions.js";

type Unary =
  | "neg"
  | "reciprocal"
  | "floor"
  | "ceil"
  | "sin"
  | "cos"
  | "asin"
  | "atan"
  | "exp"
  | "log"
  | "erf"
  | "erfc"
  | "sqrt"
  | "cast";

type Binary = "add" | "mul" | "idiv" | "mod" | "min" | "max" | "bit_combine" | "bit_shift" | "compare";

/**
 * The rule of a function of one operand. Only the stored elements are computed; broadcasts stay
 * broadcasts.
 */
function unary(f: (g: GraphBuilder, x: Value) => Value): Rule<Unary> {
  return (g, [x]) => [mapStored(x, (value) => f(g, value))];
}

/** The rule of a primitive that is one ONNX operator. */
const operator = (op: string) => unary((g, x) => ops.elementwise(g, op, [x]));

const negate: Rule<"neg"> = (g, [x]) => {
  if (g.isVanishing(x.value)) return [x];
  const known = splatOf(g, x);
  const dtype = dtypeOf(x);
  if (known !== undefined && ops.isFloat(dtype)) return [splat(g.scalar(-known, dtype), x.shape)];
  // ONNX does not negate uint32. The bits of −x are the same in int32.
  const signed = dtype === "uint32" ? "int32" : dtype;
  return [
    mapStored(x, (value) => ops.cast(g, ops.elementwise(g, "Neg", [ops.cast(g, value, signed)]), dtype)),
  ];
};

const reciprocal: Rule<"reciprocal"> = (g, [x]) => {
  const known = splatOf(g, x);
  const dtype = dtypeOf(x);
  if (known !== undefined && ops.isFloat(dtype)) return [splat(g.scalar(1 / known, dtype), x.shape)];
  return [mapStored(x, (value) => ops.elementwise(g, "Reciprocal", [value]))];
};

/**
 * x + y; for booleans, x or y. Adding 0 adds no node. (Strictly, −0 + 0 is 0; here it stays −0.)
 */
const add: Rule<"add"> = (g, [x, y]) => {
  const [a, b] = [splatOf(g, x), splatOf(g, y)];
  const dtype = dtypeOf(x);
  const shape = ops.broadcastShapes(x.shape, y.shape);
  if (a !== undefined && b !== undefined && ops.isFloat(dtype)) return [splat(g.scalar(a + b, dtype), shape)];
  if (a === 0) return [broadcast(y, shape)];
  if (b === 0) return [broadcast(x, shape)];
  if (ops.isFloat(dtype) && (isNegative(g, x, y) || isNegative(g, y, x)))
    return [splat(g.vanishing(dtype), shape)];
  return [zip(g, [x, y], (p, q) => ops.elementwise(g, dtype === "bool" ? "Or" : "Add", [p, q]))];
};

/** Whether x is −y, element by element. */
const isNegative = (g: GraphBuilder, x: View, y: View): boolean => {
  const producer = g.producer(x.value);
  return producer?.op === "Neg" && producer.inputs[0] === y.value && `${x.axes}` === `${y.axes}`;
};

/**
 * x · y; for booleans, x and y. Multiplying by 1 adds no node, and multiplying by −1 is a negation.
 */
const mul: Rule<"mul"> = (g, [x, y], _, outputs) => {
  const [a, b] = [splatOf(g, x), splatOf(g, y)];
  const dtype = dtypeOf(x);
  const shape = ops.broadcastShapes(x.shape, y.shape);
  for (const { value } of [x, y]) if (g.isVanishing(value)) return [splat(value, shape)];
  if (a !== undefined && b !== undefined && ops.isFloat(dtype)) return [splat(g.scalar(a * b, dtype), shape)];
  if (a === 1) return [broadcast(y, shape)];
  if (b === 1) return [broadcast(x, shape)];
  if (ops.isFloat(dtype) && a === -1) return negate(g, [broadcast(y, shape)], {}, outputs);
  if (ops.isFloat(dtype) && b === -1) return negate(g, [broadcast(x, shape)], {}, outputs);
  return [zip(g, [x, y], (p, q) => product(g, p, q))];
};

function product(g: GraphBuilder, p: Value, q: Value): Value {
  return ops.elementwise(g, p.dtype === "bool" ? "And" : "Mul", [p, q]);
}

/** The quotient rounded towards zero. ONNX's Div does this for integers, but not for floats. */
const idiv: Rule<"idiv"> = (g, [x, y]) => [
  zip(g, [x, y], (p, q) => {
    const quotient = ops.elementwise(g, "Div", [p, q]);
    if (!ops.isFloat(p.dtype)) return quotient;
    const negative = ops.elementwise(g, "Less", [quotient, g.scalar(0, p.dtype)], "bool");
    const [up, down] = ["Ceil", "Floor"].map((op) => ops.elementwise(g, op, [quotient]));
    return ops.elementwise(g, "Where", [negative, up, down], p.dtype);
  }),
];

/** The remainder with the sign of x, as C's fmod. */
const mod: Rule<"mod"> = (g, [x, y]) => [
  zip(g, [x, y], (p, q) => {
    const shape = ops.broadcastShapes(p.shape, q.shape);
    return g.node("Mod", [p, q], { dtype: p.dtype, shape }, { attributes: { fmod: 1 } });
  }),
];

/** The larger or the smaller operand. max(x, 0) of floats is Relu. For booleans: or, and. */
const extremum =
  (op: "Max" | "Min"): Rule<"max" | "min"> =>
  (g, [x, y]) => [
    zip(g, [x, y], (p, q) => {
      if (p.dtype === "bool") return ops.elementwise(g, op === "Max" ? "Or" : "And", [p, q]);
      if (op === "Max" && ops.isFloat(p.dtype)) {
        if (g.scalarOf(q) === 0) return ops.elementwise(g, "Relu", [p]);
        if (g.scalarOf(p) === 0) return ops.elementwise(g, "Relu", [q]);
      }
      return ops.elementwise(g, op, [p, q]);
    }),
  ];

const bitCombine: Rule<"bit_combine"> = (g, [x, y], { op }) => [
  zip(g, [x, y], (p, q) => {
    const name = { and: "And", or: "Or", xor: "Xor" }[op];
    return ops.elementwise(g, p.dtype === "bool" ? name : `Bitwise${name}`, [p, q]);
  }),
];

/**
 * A shift that fills with zeros. ONNX Runtime shifts unsigned types only, so int32 is cast to
 * uint32 and back.
 */
const bitShift: Rule<"bit_shift"> = (g, [x, y], { op }) => [
  zip(g, [x, y], (p, q) => {
    const shape = ops.broadcastShapes(p.shape, q.shape);
    const attributes = { direction: op === "shl" ? "LEFT" : "RIGHT" };
    const operands = [p, q].map((value) => ops.cast(g, value, "uint32"));
    return ops.cast(g, g.node("BitShift", operands, { dtype: "uint32", shape }, { attributes }), p.dtype);
  }),
];

/** A comparison. ONNX orders no booleans, so they are compared as int32. */
const compare: Rule<"compare"> = (g, [x, y], { op }) => [
  zip(g, [x, y], (p, q) => {
    const equality = op === "equal" || op === "not_equal";
    const operands = p.dtype === "bool" && !equality ? [p, q].map((v) => ops.cast(g, v, "int32")) : [p, q];
    const name = { less: "Less", less_equal: "LessOrEqual", equal: "Equal", not_equal: "Equal" }[op];
    const result = ops.elementwise(g, name, operands, "bool");
    return op === "not_equal" ? not(g, result) : result;
  }),
];

/** ¬x. Of ¬¬x, both negations are dropped. */
function not(g: GraphBuilder, x: Value): Value {
  const producer = g.producer(x);
  return producer?.op === "Not" ? producer.inputs[0] : ops.elementwise(g, "Not", [x]);
}

/** `condition ? x : y`. A choice between the constants 0 and 1 is a cast of the condition. */
const where: Rule<"where"> = (g, [condition, x, y]) => {
  const [a, b] = [splatOf(g, x), splatOf(g, y)];
  const dtype = dtypeOf(x);
  const shape = [condition, x, y].map((v) => v.shape).reduce(ops.broadcastShapes);
  if (a === 0 && b === 0 && ops.isFloat(dtype)) return [broadcast(g.isVanishing(x.value) ? x : y, shape)];
  if (dtype !== "bool" && a === 1 && b === 0)
    return [mapStored(broadcast(condition, shape), (c) => ops.cast(g, c, dtype))];
  if (dtype !== "bool" && a === 0 && b === 1)
    return [mapStored(broadcast(condition, shape), (c) => ops.cast(g, not(g, c), dtype))];
  return [zip(g, [condition, x, y], (c, p, q) => select(g, c, p, q))];
};

/** Where, for dense values. ONNX Runtime has no Where for booleans and uint32. */
function select(g: GraphBuilder, condition: Value, x: Value, y: Value): Value {
  if (x.dtype === "bool") {
    const chosen = ops.elementwise(g, "And", [condition, x]);
    return ops.elementwise(g, "Or", [chosen, ops.elementwise(g, "And", [not(g, condition), y])]);
  }
  if (x.dtype === "uint32") {
    const [p, q] = [x, y].map((v) => ops.cast(g, v, "int32"));
    return ops.cast(g, select(g, condition, p, q), "uint32");
  }
  if (isRelu(g, condition, x, y)) return ops.elementwise(g, "Relu", [x]);
  const inverse = g.producer(condition);
  if (inverse?.op === "Not") return select(g, inverse.inputs[0], y, x);
  return ops.elementwise(g, "Where", [condition, x, y], x.dtype);
}

/**
 * Whether `condition ? x : y` is `0 < x ? x : 0`, which is max(x, 0). The two differ at NaN only:
 * Relu returns NaN, the selection returns 0.
 */
function isRelu(g: GraphBuilder, condition: Value, x: Value, y: Value): boolean {
  const comparison = g.producer(condition);
  if (comparison?.op !== "Less" || g.scalarOf(y) !== 0) return false;
  return g.scalarOf(comparison.inputs[0]) === 0 && comparison.inputs[1] === x;
}

export const elementwiseRules: { [P in Unary | Binary | "where"]: Rule<P> } = {
  neg: negate,
  reciprocal,
  floor: operator("Floor"),
  ceil: operator("Ceil"),
  sin: operator("Sin"),
  cos: operator("Cos"),
  asin: unary(arcsine),
  atan: unary(arctangent),
  exp: operator("Exp"),
  log: operator("Log"),
  erf: unary(errorFunction),
  erfc: unary(errorFunctionComplement),
  sqrt: operator("Sqrt"),
  cast: (g, [x], { dtype }) => [mapStored(x, (value) => ops.cast(g, value, dtype))],
  add,
  mul,
  idiv,
  mod,
  min: extremum("Min"),
  max: extremum("Max"),
  bit_combine: bitCombine,
  bit_shift: bitShift,
  compare,
  where,
};
