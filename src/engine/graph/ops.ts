import { type DType, sizeOf } from "../../base/tensor.js";
import type { Attribute, GraphBuilder, GraphDType, Value } from "./graph.js";
import { planTranspose } from "./plan-transpose.js";

/**
 * ONNX operators as functions that compute the shape of their result. An operation that changes
 * nothing adds no node, and a chain of Reshapes becomes one Reshape.
 */

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

/** ONNX's code of each element type (TensorProto.DataType). */
export const ELEMENT_TYPE: Record<GraphDType, number> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
  uint32: 12,
};

/** x in another shape with as many elements. */
export function reshape(g: GraphBuilder, x: Value, shape: readonly number[]): Value {
  if (same(x.shape, shape)) return x;
  const producer = g.producer(x);
  if (producer?.op === "Reshape") return reshape(g, producer.inputs[0], shape);
  return g.node("Reshape", [x, g.int64(shape)], { dtype: x.dtype, shape });
}

/** Axis i of the result is axis `perm[i]` of x. */
export function transpose(g: GraphBuilder, x: Value, perm: readonly number[]): Value {
  const { merged, moves } = planTranspose(x.shape, perm);
  let value = reshape(g, x, merged);
  for (const move of moves) {
    const shape = move.map((axis) => value.shape[axis]);
    value = g.node("Transpose", [value], { dtype: x.dtype, shape }, { attributes: { perm: move } });
  }
  return reshape(
    g,
    value,
    perm.map((axis) => x.shape[axis]),
  );
}

/** x repeated to `shape` by NumPy's rules of broadcasting. */
export function expand(g: GraphBuilder, x: Value, shape: readonly number[]): Value {
  if (same(x.shape, shape)) return x;
  return g.node("Expand", [x, g.int64(shape)], { dtype: x.dtype, shape });
}

/** x as another element type. */
export function cast(g: GraphBuilder, x: Value, dtype: GraphDType): Value {
  if (x.dtype === dtype) return x;
  const scalar = g.scalarOf(x);
  if (scalar !== undefined && isFloat(dtype)) return g.scalar(scalar, dtype);
  return g.node("Cast", [x], { dtype, shape: x.shape }, { attributes: { to: ELEMENT_TYPE[dtype] } });
}

/** Whether `dtype` is float32 or float64. */
export function isFloat(dtype: GraphDType): dtype is "float32" | "float64" {
  return dtype === "float32" || dtype === "float64";
}

/**
 * An elementwise operator. Shapes broadcast as in NumPy.
 *
 * @param dtype - Element type of the result. Default: that of the first operand.
 */
export function elementwise(
  g: GraphBuilder,
  op: string,
  inputs: readonly Value[],
  dtype?: GraphDType,
): Value {
  const shape = inputs.map((x) => x.shape).reduce(broadcastShapes);
  const operands = inputs.map((x) => withLongRuns(g, x, shape));
  return g.node(op, operands, { dtype: dtype ?? inputs[0].dtype, shape });
}

/** ONNX Runtime is fast where an operand is read, or repeated, in runs of this many elements. */
const LONG_RUN = 16;

/** Results of fewer elements are left as they are: there is nothing to gain. */
const FEWEST_ELEMENTS = 1 << 14;

/**
 * An operand of an elementwise operator with a result of `shape`, without repeats along short inner
 * axes: ONNX Runtime takes tens of times as long for [16, 1, 16, 1] beside [16, 2, 16, 2] as for
 * [16, 1, 16, 2]. A constant is expanded along all inner axes that make a long run.
 */
function withLongRuns(g: GraphBuilder, x: Value, shape: readonly number[]): Value {
  if (!g.optimizations.longRuns || sizeOf(shape) < FEWEST_ELEMENTS || sizeOf(x.shape) === 1) return x;
  const own = [...Array<number>(shape.length - x.shape.length).fill(1), ...x.shape];
  if (isConstant(g, x)) return expandedConstant(g, x, { own, shape });
  const last = shape.length - 1;
  const copies = shape[last];
  if (own[last] === copies || copies >= LONG_RUN) return x;
  return concat(g, Array<Value>(copies).fill(reshape(g, x, own)), last);
}

/** A constant of the shape `own`, expanded along inner axes of `shape` to read long runs. */
function expandedConstant(
  g: GraphBuilder,
  x: Value,
  { own, shape }: { readonly own: readonly number[]; readonly shape: readonly number[] },
): Value {
  const target = [...own];
  // The innermost axes along which x is read in order, or repeats one element.
  const repeats = own.at(-1) !== shape.at(-1);
  const run = own.findLastIndex((size, axis) => (size !== shape[axis]) !== repeats) + 1;
  if (sizeOf(shape.slice(run)) >= LONG_RUN) return x;
  for (let axis = shape.length - 1; axis >= 0 && sizeOf(target.slice(axis + 1)) < 1024; axis--)
    target[axis] = shape[axis];
  return sizeOf(target) * LONG_RUN <= sizeOf(shape) ? expand(g, x, target) : x;
}

/** Whether x is a constant, or a constant in another shape. */
function isConstant(g: GraphBuilder, x: Value): boolean {
  const producer = g.producer(x);
  return g.isConstant(producer?.op === "Reshape" ? producer.inputs[0] : x);
}

/** The shape to which two shapes broadcast, by NumPy's rules. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[i - rank + a.length] ?? 1;
    const n = b[i - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) throw new Error(`shapes [${a}] and [${b}] do not broadcast`);
    return m === 1 ? n : m;
  });
}

export type Reduction = "ReduceSum" | "ReduceProd" | "ReduceMax" | "ReduceMin";

/**
 * x reduced over `axes`, which the result lacks.
 *
 * ONNX Runtime is fast where the reduced axes form one run of neighbours, or two runs at both ends.
 * Otherwise the runs are reduced one after another, from the first.
 */
export function reduce(g: GraphBuilder, op: Reduction, x: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return x;
  const sorted = axes.toSorted((a, b) => a - b);
  const first = sorted.filter((axis, i) => axis === sorted[0] + i);
  const surround = sorted[0] === 0 && sorted.at(-1) === x.shape.length - 1;
  const later = sorted.slice(first.length).map((axis) => axis - first.length);
  const runs = runsOf(sorted);
  if (runs > 2 || (runs === 2 && !surround)) return reduce(g, op, reduce(g, op, x, first), later);
  const shape = x.shape.filter((_, i) => !axes.includes(i));
  const attributes = { keepdims: 0 };
  // ReduceSum takes its axes as an input since opset 13, the others since opset 18.
  return g.node(op, [x, g.int64(sorted)], { dtype: x.dtype, shape }, { attributes });
}

/** The number of runs of neighbouring axes in a sorted list. */
function runsOf(axes: readonly number[]): number {
  return axes.filter((axis, i) => i === 0 || axes[i - 1] !== axis - 1).length;
}

/** The elements `start ≤ j < stop` of each axis; `ranges` has one pair for each axis. */
export function slice(
  g: GraphBuilder,
  x: Value,
  ranges: readonly (readonly [start: number, stop: number])[],
): Value {
  const axes = ranges.flatMap(([start, stop], i) => (start === 0 && stop === x.shape[i] ? [] : [i]));
  if (axes.length === 0) return x;
  const shape = ranges.map(([start, stop]) => stop - start);
  const starts = axes.map((i) => ranges[i][0]);
  const stops = axes.map((i) => ranges[i][1]);
  return g.node("Slice", [x, g.int64(starts), g.int64(stops), g.int64(axes)], { dtype: x.dtype, shape });
}

/**
 * The value that `x` reverses along exactly these axes; undefined where `x` is not made by `flip`.
 */
export function unflip(g: GraphBuilder, x: Value, axes: readonly number[]): Value | undefined {
  const producer = g.producer(x);
  // Only `flip` makes a Slice with steps, its fifth input.
  if (producer?.op !== "Slice" || producer.inputs.length !== 5) return undefined;
  return producer.inputs[3] === g.int64(axes.toSorted((a, b) => a - b)) ? producer.inputs[0] : undefined;
}

/** x reversed along `axes`. Reversing twice returns the original value. */
export function flip(g: GraphBuilder, x: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return x;
  const sorted = [...axes].sort((a, b) => a - b);
  const original = unflip(g, x, axes);
  if (original !== undefined) return original;
  const all = (value: number) => g.int64(sorted.map(() => value));
  // For a Slice that goes backwards, −size − 1 is the position before the first element.
  const stops = g.int64(sorted.map((axis) => -x.shape[axis] - 1));
  return g.node("Slice", [x, all(-1), stops, g.int64(sorted), all(-1)], { dtype: x.dtype, shape: x.shape });
}

/** x with zeros before and after each axis; negative widths crop. */
export function pad(
  g: GraphBuilder,
  x: Value,
  widths: readonly (readonly [before: number, after: number])[],
): Value {
  if (widths.every(([before, after]) => before === 0 && after === 0)) return x;
  const shape = x.shape.map((size, i) => size + widths[i][0] + widths[i][1]);
  const pads = [...widths.map(([before]) => before), ...widths.map(([, after]) => after)];
  return g.node("Pad", [x, g.int64(pads)], { dtype: x.dtype, shape });
}

/** The elements of x at `indices` along `axis`. The shape of `indices` replaces the axis. */
export function gather(g: GraphBuilder, x: Value, indices: Value, axis: number): Value {
  const shape = x.shape.toSpliced(axis, 1, ...indices.shape);
  return g.node("Gather", [x, indices], { dtype: x.dtype, shape }, { attributes: { axis } });
}

/**
 * `gather` with constant indices of the given shape. Taking all elements in order adds no Gather.
 */
export function take(
  g: GraphBuilder,
  x: Value,
  {
    axis,
    indices,
    shape,
  }: { readonly axis: number; readonly indices: Int32Array; readonly shape: readonly number[] },
): Value {
  if (indices.length === x.shape[axis] && indices.every((index, i) => index === i))
    return reshape(g, x, x.shape.toSpliced(axis, 1, ...shape));
  return gather(g, x, g.constant("int32", shape, indices), axis);
}

/** The values one after another along `axis`. */
export function concat(g: GraphBuilder, xs: readonly Value[], axis: number): Value {
  if (xs.length === 1) return xs[0];
  const size = xs.reduce((total, x) => total + x.shape[axis], 0);
  const { dtype, shape } = xs[0];
  return g.node("Concat", xs, { dtype, shape: shape.with(axis, size) }, { attributes: { axis } });
}

/** Matrix product of a [*B, M, K] and b [*B, K, N], of shape [*B, M, N]. The axes B are equal. */
export function matmul(g: GraphBuilder, a: Value, b: Value): Value {
  return g.node("MatMul", [a, b], { dtype: a.dtype, shape: a.shape.with(-1, b.shape.at(-1)!) });
}

/**
 * Matrix products of a [B, M, K] and b [B, K, N], of shape [B, M, N]. One of the operands may have
 * B = 1. With `transA`, a is [B, K, M]; with `transB`, b is [B, N, K].
 */
export function batchedProduct(
  g: GraphBuilder,
  a: Value,
  b: Value,
  { transA = false, transB = false }: { readonly transA?: boolean; readonly transB?: boolean },
): Value {
  const batch = Math.max(a.shape[0], b.shape[0]);
  const shape = [batch, a.shape[transA ? 2 : 1], b.shape[transB ? 1 : 2]];
  if (!transA && !transB) return g.node("MatMul", [a, b], { dtype: a.dtype, shape });
  // ONNX Runtime has an operator of its own that reads operands transposed, in float32 only.
  if (g.optimizations.contrib && a.dtype === "float32") {
    const attributes = { transA: Number(transA), transB: Number(transB) };
    return g.node("FusedMatMul", [a, b], { dtype: a.dtype, shape }, { attributes, domain: "com.microsoft" });
  }
  const turned = (x: Value) => transpose(g, x, [0, 2, 1]);
  const operands = [transA ? turned(a) : a, transB ? turned(b) : b];
  return g.node("MatMul", operands, { dtype: a.dtype, shape });
}

/**
 * Product of the matrices a [M, K] and b [K, N]. With `transA`, a is [K, M]; with `transB`, b is
 * [N, K].
 */
export function gemm(
  g: GraphBuilder,
  a: Value,
  b: Value,
  { transA = false, transB = false }: { readonly transA?: boolean; readonly transB?: boolean },
): Value {
  if (!transA && !transB) return matmul(g, a, b);
  const shape = [a.shape[transA ? 1 : 0], b.shape[transB ? 0 : 1]];
  const attributes: Record<string, Attribute> = {};
  if (transA) attributes.transA = 1;
  if (transB) attributes.transB = 1;
  return g.node("Gemm", [a, b], { dtype: a.dtype, shape }, { attributes });
}

/** A dense tensor of `shape` in which every element is `value`. */
export function filled(g: GraphBuilder, value: number, dtype: DType, shape: readonly number[]): Value {
  return expand(g, g.scalar(value, dtype), shape);
}
