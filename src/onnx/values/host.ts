import { sizeOf } from "../../base/tensor.js";
import type { ElementType } from "../model.js";

/** Number system of a host value. float16 counts as float32; integers of every width are "int". */
export type HostType = "float32" | "float64" | "int" | "bool";

/** The number system for the elements of an ONNX type. */
export function hostTypeOf(type: ElementType): HostType {
  switch (type) {
    case "float16":
    case "bfloat16":
    case "float32":
      return "float32";
    case "float64":
    case "bool":
      return type;
    default:
      return "int";
  }
}

/**
 * A tensor whose elements are known while the graph is traced: shapes, axes, scale factors.
 * Elements of every type are JavaScript numbers in C order, so int64 values are exact up to 2^53.
 */
export class Host {
  constructor(
    readonly type: HostType,
    readonly shape: readonly number[],
    readonly data: Float64Array,
  ) {}

  /**
   * A tensor of `values` rounded to `type`. Shape arithmetic in float32 must round as runtimes
   * round.
   */
  static of(type: HostType, shape: readonly number[], values: ArrayLike<number>): Host {
    return new Host(type, shape, Float64Array.from(values, rounding[type]));
  }

  /** A vector of integers. */
  static ints(values: readonly number[]): Host {
    return Host.of("int", [values.length], values);
  }

  /** Number of elements. */
  get size(): number {
    return this.data.length;
  }

  get isFloat(): boolean {
    return this.type === "float32" || this.type === "float64";
  }
}

const rounding: Record<HostType, (value: number) => number> = {
  float32: Math.fround,
  float64: (v) => v,
  int: Math.trunc,
  bool: (v) => (v === 0 ? 0 : 1),
};

/** The strides of a C-order tensor in elements, one per axis. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

/** Copies the elements of `x` in another shape and stride order: transposes, broadcasts, slices. */
export function view(x: Host, shape: readonly number[], strides: readonly number[], start = 0): Host {
  const data = new Float64Array(sizeOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  let at = start;
  for (let i = 0; i < data.length; i++) {
    data[i] = x.data[at];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return new Host(x.type, shape, data);
}

/** The shape that the shapes broadcast to by NumPy's rules, or null if they do not broadcast. */
export function broadcastShapes(...shapes: (readonly number[])[]): number[] | null {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const result: number[] = new Array<number>(rank).fill(1);
  for (const shape of shapes)
    for (const [i, dim] of shape.entries()) {
      const axis = rank - shape.length + i;
      if (dim === 1) continue;
      if (result[axis] !== 1 && result[axis] !== dim) return null;
      result[axis] = dim;
    }
  return result;
}

/** `x` repeated to `shape` by the broadcasting rules. */
export function broadcastHost(x: Host, shape: readonly number[]): Host {
  const lead = shape.length - x.shape.length;
  const own = stridesOf(x.shape);
  return view(
    x,
    shape,
    shape.map((_, i) => (i < lead || x.shape[i - lead] === 1 ? 0 : own[i - lead])),
  );
}

/** Applies `f` to each element; the result has type `type`. */
export const mapHost = (x: Host, f: (value: number) => number, type: HostType = x.type): Host =>
  Host.of(type, x.shape, x.data.map(f));

/** Applies `f` to each pair of elements under broadcasting; null if the shapes do not broadcast. */
export function zipHost(
  a: Host,
  b: Host,
  f: (a: number, b: number) => number,
  type: HostType = a.type,
): Host | null {
  const shape = broadcastShapes(a.shape, b.shape);
  if (!shape) return null;
  const x = broadcastHost(a, shape).data;
  const y = broadcastHost(b, shape).data;
  return Host.of(
    type,
    shape,
    x.map((v, i) => f(v, y[i])),
  );
}

/** Reduces `axes` of `x` with `f`. With `keepdims` the reduced axes stay, with size 1. */
export function reduceHost(
  x: Host,
  { axes, keepdims }: { readonly axes: readonly number[]; readonly keepdims: boolean },
  f: (values: readonly number[]) => number,
): Host {
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const perm = [...kept, ...axes];
  const strides = stridesOf(x.shape);
  const grouped = view(
    x,
    perm.map((i) => x.shape[i]),
    perm.map((i) => strides[i]),
  );
  const length = sizeOf(axes.map((i) => x.shape[i]));
  const shape = keepdims ? x.shape.map((n, i) => (axes.includes(i) ? 1 : n)) : kept.map((i) => x.shape[i]);
  const values = Array.from({ length: sizeOf(shape) }, (_, i) =>
    f([...grouped.data.subarray(i * length, (i + 1) * length)]),
  );
  return Host.of(x.type, shape, values);
}
