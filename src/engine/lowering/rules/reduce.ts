import { sizeOf } from "../../../base/tensor.js";
import type { GraphBuilder, GraphDType, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import { mapStored, storedAxes, type View } from "../../graph/view.js";
import { reduceWindows } from "./pool.js";
import type { Rule } from "./rule.js";

const OPERATOR = { Add: "ReduceSum", Mul: "ReduceProd", Max: "ReduceMax", Min: "ReduceMin" } as const;

/**
 * Types that ONNX Runtime does not reduce, each with the wider type that it is cast to and back
 * from.
 */
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
  // jax-js defines the sum of booleans as their or, and the product as their and.
  const operator =
    x.dtype !== "bool" ? OPERATOR[op] : op === "Add" || op === "Max" ? "ReduceMax" : "ReduceMin";
  const wide = ops.cast(g, x, REDUCED_AS[x.dtype] ?? x.dtype);
  if (operator === "ReduceSum" && x.dtype === "float32" && isLeading(axes))
    return sumLeading(g, x, axes.length);
  return ops.cast(g, ops.reduce(g, operator, wide, axes), x.dtype);
}

const isLeading = (axes: readonly number[]): boolean =>
  [...axes].sort((a, b) => a - b).every((axis, i) => axis === i);

/** Number of rows in a run. Each run is summed first, then the sums of the runs. */
const RUN = 128;

/**
 * The sum of x over its first `count` axes, in runs. ONNX Runtime adds all rows of a tensor to one
 * accumulator. The rounding error of float32 then grows with the number of rows. For 50,000 rows it
 * reaches 1e-5 of a channel's variance, which is enough to push the input of a ReLU across 0. In
 * runs, the error grows with the length of a run only.
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

/** The view `x` without `axes`. `value` holds the other axes that x stores, in the same order. */
export function dropAxes(x: View, axes: readonly number[], value: Value): View {
  const order = storedAxes(x).filter((axis) => !axes.includes(axis));
  const kept = x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  return {
    value,
    shape: kept.map((axis) => x.shape[axis]),
    axes: kept.map((axis) => (x.axes[axis] === null ? null : order.indexOf(axis))),
  };
}

/** The reduction of `count` copies of x: count·x for a sum, x^count for a product, else x. */
export function repeated(g: GraphBuilder, x: Value, op: keyof typeof OPERATOR, count: number): Value {
  if (count === 1 || op === "Max" || op === "Min" || x.dtype === "bool" || x.dtype === "int64") return x;
  if (op === "Add") {
    if (g.isVanishing(x)) return x;
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
  if (power === undefined) throw new Error(`cannot multiply ${count} copies of a value`);
  return power;
}

export const reduceRules = { reduce } satisfies { [P in "reduce"]: Rule<P> };
