import type { DType } from "../../base/tensor.js";
import * as lang from "../../engine/lang/index.js";
import { broadcastHost, Host, stridesOf, view } from "./host.js";

/**
 * The value of a name of the graph while the graph is traced: known numbers, or a traced tensor.
 * The functions below take both, so one definition of an op serves tensors and shape arithmetic.
 */
export type Value = Host | lang.Traced;

/** Whether the elements are known while the graph is traced. */
export const isHost = (x: Value): x is Host => x instanceof Host;

/**
 * A traced tensor with the value. Known numbers become a constant; floats take the type `float`.
 */
export function toTraced(x: Value, float: DType): lang.Traced {
  if (!isHost(x)) return x;
  const [first] = x.data;
  // An array of equal numbers becomes one number that broadcasts, which keeps the program small.
  if (x.type !== "bool" && x.size > 1 && x.data.every((v) => v === first))
    return lang.full(x.shape, x.isFloat ? first : clampTo32Bits(first), x.isFloat ? float : "int32");
  if (x.type === "bool") return lang.constant(Uint8Array.from(x.data), x.shape, "bool");
  if (x.isFloat)
    return lang.constant(
      float === "float64" ? new Float64Array(x.data) : new Float32Array(x.data),
      x.shape,
      float,
    );
  return lang.constant(Int32Array.from(x.data, clampTo32Bits), x.shape, "int32");
}

/**
 * Traced integers have 32 bits. INT64_MAX as the end of a slice means "to the end"; clamping keeps
 * that.
 */
const clampTo32Bits = (v: number): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, v));

/** `x` in another shape with as many elements. */
export function reshape(x: Value, shape: readonly number[]): Value {
  return isHost(x) ? new Host(x.type, shape, x.data) : lang.reshape(x, shape);
}

/** `x` with its axes in the order `perm`. */
export function transpose(x: Value, perm: readonly number[]): Value {
  if (!isHost(x)) return lang.transpose(x, perm);
  const strides = stridesOf(x.shape);
  return view(
    x,
    perm.map((i) => x.shape[i]),
    perm.map((i) => strides[i]),
  );
}

/** `x` repeated to `shape` by the broadcasting rules. */
export function broadcastTo(x: Value, shape: readonly number[]): Value {
  return isHost(x) ? broadcastHost(x, shape) : lang.broadcastTo(x, shape);
}

/** The values one after another along `axis`. Known numbers if all are known; else traced. */
export function concat(xs: readonly Value[], axis: number, float: DType): Value {
  if (!xs.every(isHost))
    return lang.concat(
      xs.map((x) => toTraced(x, float)),
      axis,
    );
  const first = xs[0];
  const outer = first.shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const data: number[] = [];
  for (let i = 0; i < outer; i++)
    for (const x of xs) {
      const run = x.size / outer;
      data.push(...x.data.subarray(i * run, (i + 1) * run));
    }
  const total = xs.reduce((n, x) => n + x.shape[axis], 0);
  return Host.of(first.type, first.shape.toSpliced(axis, 1, total), data);
}

/**
 * A range of one axis: `count` elements, `step` apart, from `start` on. Negative steps go
 * backwards.
 */
export interface Range {
  readonly axis: number;
  readonly start: number;
  readonly count: number;
  readonly step: number;
}

/** The part of `x` in a range of one axis. */
export function sliceRange(x: Value, { axis, start, count, step }: Range): Value {
  if (isHost(x)) {
    const strides = stridesOf(x.shape);
    return view(
      x,
      x.shape.toSpliced(axis, 1, count),
      strides.with(axis, strides[axis] * step),
      start * strides[axis],
    );
  }
  const last = start + (count - 1) * step;
  const [low, high] = count === 0 ? [0, 0] : step > 0 ? [start, last + 1] : [last, start + 1];
  const part =
    low === 0 && high === x.shape[axis]
      ? x
      : lang.slice(
          x,
          x.shape.map((n, i) => (i === axis ? ([low, high] as const) : ([0, n] as const))),
        );
  return lang.every(step < 0 ? lang.flip(part, [axis]) : part, axis, Math.abs(step));
}

/**
 * The elements of `x` at known `indices` along `axis`. The indices must lie within bounds. The
 * shape of `indices` takes the place of the axis.
 */
export function take(x: Value, indices: Host, axis: number): Value {
  if (indices.shape.length === 0) {
    const one = sliceRange(x, { axis, start: indices.data[0], count: 1, step: 1 });
    return reshape(one, x.shape.toSpliced(axis, 1));
  }
  if (!isHost(x)) return lang.take(x, toTraced(indices, "float32"), axis);
  const outer = x.shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const inner = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const data: number[] = [];
  for (let i = 0; i < outer; i++)
    for (const j of indices.data) {
      const at = (i * x.shape[axis] + j) * inner;
      data.push(...x.data.subarray(at, at + inner));
    }
  return Host.of(x.type, x.shape.toSpliced(axis, 1, ...indices.shape), data);
}
