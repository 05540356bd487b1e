import type { GraphBuilder, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import { broadcast, dtypeOf, mapStored, splat, splatOf, zip } from "../../graph/view.js";
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

/** A rule that rewrites what is stored, element by element. */
function unary(f: (g: GraphBuilder, x: Value) => Value): Rule<Unary> {
  return (g, [x]) => [mapStored(x, (value) => f(g, value))];
}

const operator = (op: string) => unary((g, x) => ops.elementwise(g, op, [x]));

const negate: Rule<"neg"> = (g, [x]) => {
  const known = splatOf(g, x);
  const dtype = dtypeOf(x);
  if (known !== undefined && ops.isFloat(dtype)) return [splat(g.scalar(-known, dtype), x.shape)];
  // uint32 is negated as int32, whose bits are the same.
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

/** Identities of addition, per element: x + 0 = x (but −0 + 0 = 0). Logical or of booleans. */
const add: Rule<"add"> = (g, [x, y]) => {
  const [a, b] = [splatOf(g, x), splatOf(g, y)];
  const dtype = dtypeOf(x);
  const shape = ops.broadcastShapes(x.shape, y.shape);
  if (a !== undefined && b !== undefined && ops.isFloat(dtype)) return [splat(g.scalar(a + b, dtype), shape)];
  if (a === 0) return [broadcast(y, shape)];
  if (b === 0) return [broadcast(x, shape)];
  return [zip(g, [x, y], (p, q) => ops.elementwise(g, dtype === "bool" ? "Or" : "Add", [p, q]))];
};

/** Identities of multiplication, per element: 1·x = x, −1·x = −x. Logical and of booleans. */
const mul: Rule<"mul"> = (g, [x, y], _, outputs) => {
  const [a, b] = [splatOf(g, x), splatOf(g, y)];
  const dtype = dtypeOf(x);
  const shape = ops.broadcastShapes(x.shape, y.shape);
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

/** The quotient of whole numbers; of floats, with its fraction cut off. */
const idiv: Rule<"idiv"> = (g, [x, y]) => [
  zip(g, [x, y], (p, q) => {
    const quotient = ops.elementwise(g, "Div", [p, q]);
    if (!ops.isFloat(p.dtype)) return quotient;
    const negative = ops.elementwise(g, "Less", [quotient, g.scalar(0, p.dtype)], "bool");
    const [up, down] = ["Ceil", "Floor"].map((op) => ops.elementwise(g, op, [quotient]));
    return ops.elementwise(g, "Where", [negative, up, down], p.dtype);
  }),
];

const mod: Rule<"mod"> = (g, [x, y]) => [
  zip(g, [x, y], (p, q) => {
    const shape = ops.broadcastShapes(p.shape, q.shape);
    return g.node("Mod", [p, q], { dtype: p.dtype, shape }, { attributes: { fmod: 1 } });
  }),
];

/** The larger or smaller of two; max(x, 0) is one Relu. */
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

/** Shifts fill with zeros: int32 goes through uint32, the only type ONNX Runtime shifts. */
const bitShift: Rule<"bit_shift"> = (g, [x, y], { op }) => [
  zip(g, [x, y], (p, q) => {
    const shape = ops.broadcastShapes(p.shape, q.shape);
    const attributes = { direction: op === "shl" ? "LEFT" : "RIGHT" };
    const operands = [p, q].map((value) => ops.cast(g, value, "uint32"));
    return ops.cast(g, g.node("BitShift", operands, { dtype: "uint32", shape }, { attributes }), p.dtype);
  }),
];

const compare: Rule<"compare"> = (g, [x, y], { op }) => [
  zip(g, [x, y], (p, q) => {
    const equality = op === "equal" || op === "not_equal";
    const operands = p.dtype === "bool" && !equality ? [p, q].map((v) => ops.cast(g, v, "int32")) : [p, q];
    const name = { less: "Less", less_equal: "LessOrEqual", equal: "Equal", not_equal: "Equal" }[op];
    const result = ops.elementwise(g, name, operands, "bool");
    return op === "not_equal" ? not(g, result) : result;
  }),
];

/** ¬x; ¬¬x = x. */
function not(g: GraphBuilder, x: Value): Value {
  const producer = g.producer(x);
  return producer?.op === "Not" ? producer.inputs[0] : ops.elementwise(g, "Not", [x]);
}

const where: Rule<"where"> = (g, [condition, x, y]) => {
  const [a, b] = [splatOf(g, x), splatOf(g, y)];
  const dtype = dtypeOf(x);
  const shape = [condition, x, y].map((v) => v.shape).reduce(ops.broadcastShapes);
  if (dtype !== "bool" && a === 1 && b === 0)
    return [mapStored(broadcast(condition, shape), (c) => ops.cast(g, c, dtype))];
  if (dtype !== "bool" && a === 0 && b === 1)
    return [mapStored(broadcast(condition, shape), (c) => ops.cast(g, not(g, c), dtype))];
  return [zip(g, [condition, x, y], (c, p, q) => select(g, c, p, q))];
};

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

/** Whether `condition ? x : y` is (0 < x ? x : 0) = max(x, 0). They differ at NaN only, which Relu lets through. */
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
