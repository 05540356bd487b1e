import { sizeOf, type TensorSpec } from "../../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import { materialize, storedAxes, type View, viewOf } from "../../../graph/view.js";
import type { ConvParams, Pair } from "../../../tracing/primitives.js";
import { unflipped } from "../movement.js";
import { convolutionTable, type Table } from "../tables.js";

/**
 * The logical axes of a convolution by role. A leading vmap axis that both operands store is a group; one that only
 * x stores is more batch, one that only w stores more output channels.
 */
export interface Roles {
  readonly groups: readonly number[];
  readonly batch: readonly number[];
  /** Within one group. */
  readonly outputs: readonly number[];
  readonly channel: number;
  readonly spatial: readonly number[];
}

export interface Convolution extends ConvParams {
  readonly x: View;
  readonly w: View;
  readonly result: TensorSpec;
  readonly roles: Roles;
}

export function rolesOf(x: View, w: View, vmapDims: number): Roles {
  const roles: { groups: number[]; batch: number[]; outputs: number[] } = {
    groups: [],
    batch: [],
    outputs: [],
  };
  for (let axis = 0; axis < vmapDims; axis++) {
    if (x.axes[axis] != null && w.axes[axis] != null) roles.groups.push(axis);
    else if (w.axes[axis] != null) roles.outputs.push(axis);
    else roles.batch.push(axis);
  }
  return {
    groups: roles.groups,
    // In x, axis `vmapDims` is the batch; in w, the output channel. In the result the latter comes one later.
    batch: [...roles.batch, vmapDims],
    outputs: [...roles.outputs, vmapDims],
    channel: vmapDims + 1,
    spatial: x.shape.flatMap((_, axis) => (axis > vmapDims + 1 ? [axis] : [])),
  };
}

/** Axes of the result: its output channel stands after the batch axis, where the operands have theirs. */
export function resultRoles(c: Convolution): Roles {
  const { roles, vmapDims } = c;
  return { ...roles, outputs: [...roles.outputs.slice(0, -1), vmapDims + 1] };
}

/** Number of elements along some axes of a view. */
export const size = (view: Pick<View, "shape">, axes: readonly number[]): number =>
  sizeOf(axes.map((axis) => view.shape[axis]));

/** Sizes along the spatial axes. */
export const spatialShape = (c: Convolution, view: Pick<View, "shape">): number[] =>
  c.roles.spatial.map((axis) => view.shape[axis]);

/** `view` as a dense tensor with one axis for each of `parts`, the product of its logical axes. */
export function packed(g: GraphBuilder, view: View, parts: readonly (readonly number[])[]): Value {
  const value = materialize(g, view, parts.flat());
  return ops.reshape(
    g,
    value,
    parts.map((axes) => size(view, axes)),
  );
}

/** An operand of a matrix product, in whichever of its two orders is stored without a transpose. */
export interface Matrix {
  readonly value: Value;
  /** Whether `value` is [columns, rows] instead of [rows, columns]. */
  readonly transposed: boolean;
}

export function matrix(
  g: GraphBuilder,
  view: View,
  rows: readonly number[],
  columns: readonly number[],
): Matrix {
  const transposed = !isStoredAs(view, [...rows, ...columns]) && isStoredAs(view, [...columns, ...rows]);
  return { value: packed(g, view, transposed ? [columns, rows] : [rows, columns]), transposed };
}

/** Whether the stored ones of these axes are stored in this order. */
export function isStoredAs(view: View, order: readonly number[]): boolean {
  const stored = order.flatMap((axis) => view.axes[axis] ?? []);
  return stored.every((at, i) => i === 0 || stored[i - 1] < at);
}

/**
 * The result as a view, from a tensor whose axes are listed as roles; vmap axes that neither operand stores are
 * treated as batch that x repeats.
 */
export function resultView(
  g: GraphBuilder,
  c: Convolution,
  value: Value,
  parts: readonly (readonly number[])[],
): View {
  const order = parts.flat();
  const shape = order.map((axis) => c.result.shape[axis]);
  return viewOf(g, ops.reshape(g, value, shape), order);
}

/**
 * Whether it looks like the gradient of a weight, whose channel is the samples and whose batch the input channels: what is
 * stored innermost tells, else the number of taps.
 */
export function sumsOverSamples(c: Convolution): boolean {
  const innermost = storedAxes(c.x).at(-1);
  if (innermost === c.roles.channel) return false;
  return c.roles.batch.includes(innermost ?? -1) || isWeightGradient(c);
}

/** More taps than positions: the gradient of a weight. */
export function isWeightGradient(c: Convolution): boolean {
  return sizeOf(spatialShape(c, c.w)) > sizeOf(spatialShape(c, c.result));
}

/** For every kernel tap and position of the result, the flat spatial index of x it multiplies. */
export function tableOf(c: Convolution): Table {
  return convolutionTable(
    c.roles.spatial.map((axis, i) => ({
      input: c.x.shape[axis],
      taps: c.w.shape[axis],
      positions: c.result.shape[axis],
      stride: c.strides[i],
      before: c.padding[i][0],
      spread: c.lhsDilation[i],
      dilation: c.rhsDilation[i],
    })),
  );
}

/** Table [taps · positions] as [positions · taps]. */
export function byPosition({ taps, positions, indices }: Table): Int32Array {
  const turned = new Int32Array(indices.length);
  for (let t = 0; t < taps; t++)
    for (let p = 0; p < positions; p++) turned[p * taps + t] = indices[t * positions + p];
  return turned;
}

/** The kernel as it is stored, which is the reverse of what it stands for where `reversed`. */
export function storedKernel(
  g: GraphBuilder,
  c: Convolution,
): { readonly w: View; readonly reversed: boolean } {
  const original = unflipped(g, c.w, c.roles.spatial);
  return { w: original ?? c.w, reversed: original !== undefined };
}

/** Crops what negative padding takes away from the axes from `first` on; returns the padding that is left. */
export function cropped(
  g: GraphBuilder,
  x: Value,
  first: number,
  padding: readonly Pair[],
): { x: Value; pads: number[] } {
  const ranges = x.shape.map((n, axis): Pair => {
    const [before, after] = padding[axis - first] ?? [0, 0];
    return axis < first ? [0, n] : [Math.max(-before, 0), n - Math.max(-after, 0)];
  });
  const left = padding.map(([before, after]): Pair => [Math.max(before, 0), Math.max(after, 0)]);
  return { x: ops.slice(g, x, ranges), pads: [...left.map(([b]) => b), ...left.map(([, a]) => a)] };
}
