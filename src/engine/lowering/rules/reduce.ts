import { sizeOf } from "../../../base/tensor.js";
import type { GraphBuilder, GraphDType, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import { mapStored, storedAxes, type View } from "../../graph/view.js";
import { reduceWindows } from "./pool.js";
import type { Rule } from "./rule.js";

const OPERATOR = { Add: "ReduceSum", Mul: "ReduceProd", Max: "ReduceMax", Min: "ReduceMin" } as const;

/** A wider type where ONNX Runtime does not reduce the type itself; whole numbers wrap around when they return. */
const REDUCED_AS: Partial<Record<GraphDType, GraphDType>> = { bool: "int32", uint32: "int64" };

const reduce: Rule<"reduce"> = (g, [x], { op, axis }) => {
  const pooled = reduceWindows(g, x, op, axis);
  if (pooled !== undefined) return [pooled];
  const stored = axis.flatMap((a) => x.axes[a] ?? []);
  const repeats = axis.reduce((n, a) => (x.axes[a] === null ? n * x.shape[a] : n), 1);
  const reduced = dropAxes(x, axis, reduceStored(g, x.value, op, stored));
  return [mapStored(reduced, (value) => repeated(g, value, op, repeats))];
};

function reduceStored(g: GraphBuilder, x: Value, op: keyof typeof OPERATOR, axes: readonly number[]): Value {
  // Sums of truth values are disjunctions and products conjunctions, as jax-js adds and multiplies them.
  const operator =
    x.dtype !== "bool" ? OPERATOR[op] : op === "Add" || op === "Max" ? "ReduceMax" : "ReduceMin";
  const wide = ops.cast(g, x, REDUCED_AS[x.dtype] ?? x.dtype);
  if (operator === "ReduceSum" && x.dtype === "float32" && isLeading(axes))
    return sumLeading(g, x, axes.length);
  return ops.cast(g, ops.reduce(g, operator, wide, axes), x.dtype);
}

const isLeading = (axes: readonly number[]): boolean =>
  [...axes].sort((a, b) => a - b).every((axis, i) => axis === i);

/** Rows summed one after another before the sums of such runs are summed. */
const RUN = 128;

/**
 * The sum of x over its first `count` axes, in runs. ONNX Runtime adds the rows of a tensor to one accumulator, one after
 * another, so that the rounding errors of float32 grow with their number: some 1e-5 of a channel's variance for 50,000
 * rows, enough to push inputs of a ReLU across 0. In two levels they grow with the length of a run.
 */
function sumLeading(g: GraphBuilder, x: Value, count: number): Value {
  const rows = sizeOf(x.shape.slice(0, count));
  const rest = x.shape.slice(count);
  const run = largestDivisor(rows, RUN);
  if (rest.length === 0 || rows <= RUN || run === 1)
    return ops.reduce(
      g,
      "ReduceSum",
      x,
      Array.from({ length: count }, (_, axis) => axis),
    );
  const runs = ops.reduce(g, "ReduceSum", ops.reshape(g, x, [rows / run, run, ...rest]), [1]);
  return sumLeading(g, runs, 1);
}

function largestDivisor(n: number, atMost: number): number {
  for (let divisor = Math.min(n, atMost); divisor > 1; divisor--) if (n % divisor === 0) return divisor;
  return 1;
}

/** The view `x` without `axes`, its other stored axes being those of `value` in the same order. */
export function dropAxes(x: View, axes: readonly number[], value: Value): View {
  const order = storedAxes(x).filter((axis) => !axes.includes(axis));
  const kept = x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  return {
    value,
    shape: kept.map((axis) => x.shape[axis]),
    axes: kept.map((axis) => (x.axes[axis] === null ? null : order.indexOf(axis))),
  };
}

/** What the reduction of `count` equal elements is: count·x, x^count, or x. */
export function repeated(g: GraphBuilder, x: Value, op: keyof typeof OPERATOR, count: number): Value {
  if (count === 1 || op === "Max" || op === "Min" || x.dtype === "bool" || x.dtype === "int64") return x;
  if (op === "Add") {
    const known = g.scalarOf(x);
    if (known !== undefined) return g.scalar(known * count, x.dtype);
    return ops.elementwise(g, "Mul", [x, g.scalar(count, x.dtype)]);
  }
  let power: Value | undefined;
  let square = x;
  for (let rest = count; rest > 0; rest >>= 1) {
    if (rest & 1) power = power === undefined ? square : ops.elementwise(g, "Mul", [power, square]);
    square = ops.elementwise(g, "Mul", [square, square]);
  }
  return power!;
}

export const reduceRules = { reduce } satisfies { [P in "reduce"]: Rule<P> };
