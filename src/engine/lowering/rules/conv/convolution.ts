import { sizeOf, type TensorSpec } from "../../../../base/tensor.js";
import type { GraphBuilder } from "../../../graph/graph.js";
import { storedAxes, type View } from "../../../graph/view.js";
import type { ConvParams } from "../../../tracing/primitives.js";
import { type IndexTable, windowTable } from "../index-tables.js";
import { unflipped } from "../movement.js";

/**
 * A convolution of x with the kernel w, and the words that this folder uses for its axes:
 *
 *     x        [vmap…, batch, channel, pixels…]
 *     w        [vmap…, output, channel, offsets…]      an offset is the place of a kernel element
 *     result   [vmap…, batch, output, positions…]      a position is one pixel of the result
 *
 *     result[n, o, p] = Σ_c Σ_t x[n, c, p·stride + t·rhsDilation − padding] · w[o, c, t]
 *
 * where x has lhsDilation − 1 zeros between its pixels. In shapes and comments, N is the number of
 * samples, C of channels, O of output channels, S of pixels of x.
 */
export interface Convolution extends ConvParams {
  readonly x: View;
  readonly w: View;
  readonly result: TensorSpec;
  readonly roles: Roles;
}

/** Translates one convolution into ONNX operators. */
export type Lowering = (g: GraphBuilder, c: Convolution) => View;

/**
 * The logical axes of a convolution by role. `batch` and `channel` are axes of x, `outputs` are
 * axes of w, `spatial` are axes of x, w and the result. A vmap axis counts by the operands that
 * store it: both: a group; only x, or none: more batch; only w: more output channels.
 */
export interface Roles {
  readonly groups: readonly number[];
  readonly batch: readonly number[];
  /** The output channels of one group. */
  readonly outputs: readonly number[];
  /** The axis that is summed over. */
  readonly channel: number;
  readonly spatial: readonly number[];
}

/** The roles of the axes of x and w, whose first `vmapDims` axes are vmap axes. */
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
    // Axis `vmapDims` is the batch in x and the output channel in w. `resultRoles` moves the
    // latter.
    batch: [...roles.batch, vmapDims],
    outputs: [...roles.outputs, vmapDims],
    channel: vmapDims + 1,
    spatial: x.shape.flatMap((_, axis) => (axis > vmapDims + 1 ? [axis] : [])),
  };
}

/**
 * The roles of the axes of the result. Its output channels are where x has its channels: after the
 * batch.
 */
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

/**
 * Whether `c` is probably the gradient of a weight. There the channel axis holds the samples, and
 * the batch axis holds the input channels. Networks store channels innermost, so the innermost axis
 * of x tells which one it is. Where it does not, the size of the kernel decides.
 */
export function isWeightGradient(c: Convolution): boolean {
  const innermost = storedAxes(c.x).at(-1);
  if (innermost === c.roles.channel) return false;
  return c.roles.batch.includes(innermost ?? -1) || hasMoreOffsetsThanPositions(c);
}

/**
 * Whether the kernel has more elements per channel than the result has positions, which is typical
 * of a weight gradient.
 */
export function hasMoreOffsetsThanPositions(c: Convolution): boolean {
  return sizeOf(spatialShape(c, c.w)) > sizeOf(spatialShape(c, c.result));
}

/** Whether x has gaps between its pixels. */
export const hasDilatedInput = (c: Convolution): boolean => sizeOf(c.lhsDilation) > 1;

/** For every offset and position, the flat index of the pixel of x that they multiply. */
export function windowTableOf(c: Convolution): IndexTable {
  return windowTable(
    c.roles.spatial.map((axis, i) => ({
      input: c.x.shape[axis],
      offsets: c.w.shape[axis],
      positions: c.result.shape[axis],
      stride: c.strides[i],
      before: c.padding[i][0],
      spread: c.lhsDilation[i],
      dilation: c.rhsDilation[i],
    })),
  );
}

/** The indices of a table [offsets, positions] as [positions, offsets]. */
export function byPosition({ offsets, positions, indices }: IndexTable): Int32Array {
  const turned = new Int32Array(indices.length);
  for (let t = 0; t < offsets; t++)
    for (let p = 0; p < positions; p++) turned[p * offsets + t] = indices[t * positions + p];
  return turned;
}

/**
 * The kernel as it is stored. In the gradient of an input, c.w is a reversed kernel. Then `w` is
 * the kernel before the reversal and `reversed` is true, so that callers can reorder indices
 * instead of moving the kernel.
 */
export function storedKernel(
  g: GraphBuilder,
  c: Convolution,
): { readonly w: View; readonly reversed: boolean } {
  const original = unflipped(g, c.w, c.roles.spatial);
  return { w: original ?? c.w, reversed: original !== undefined };
}
