import { sizeOf } from "../../base/tensor.js";
import type { ElementType } from "../model.js";

/** Number system of a host value. float16 counts as float32, every integer width as "int". */
export type HostType = "float32" | "float64" | "int" | "bool";

/** The number system that holds elements of an ONNX type. */
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
 * A tensor whose elements are known while the graph is traced: shapes, axes, scale factors. Elements are
 * JavaScript numbers in C order whatever the type, so that int64 shapes stay exact to 2^53.
 */
export class Host {
  constructor(
    readonly type: HostType,
    readonly shape: readonly number[],
    readonly data: Float64Array,
  ) {}

  /** `values` rounded to what `type` can hold: shape arithmetic in float32 must round as runtimes do. */
  static of(type: HostType, shape: readonly number[], values: ArrayLike<number>): Host {
    return new Host(type, shape, Float64Array.from(values, rounding[type]));
  }

  static ints(values: readonly number[]): Host {
    return Host.of("int", [values.length], values);
  }

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

/** Elements of a C-order shape: strides in elements, one per axis. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

/** The elements of `x` seen through another shape and strides: transposes, broadcasts and slices. */
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

/** NumPy broadcasting of shapes, or null where they do not agree. */
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

export function broadcastHost(x: Host, shape: readonly number[]): Host {
  const lead = shape.length - x.shape.length;
  const own = stridesOf(x.shape);
  return view(
    x,
    shape,
    shape.map((_, i) => (i < lead || x.shape[i - lead] === 1 ? 0 : own[i - lead])),
  );
}

/** `f` of each element, with the result in `type`. */
export const mapHost = (x: Host, f: (value: number) => number, type: HostType = x.type): Host =>
  Host.of(type, x.shape, x.data.map(f));

/** `f` of each pair of elements under broadcasting; null where the shapes do not agree. */
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

/** Folds `axes` of `x` with `f`, keeping them with size 1 where asked. */
export function reduceHost(
  x: Host,
  axes: readonly number[],
  keepdims: boolean,
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
