import { sizeOf, type TensorSpec } from "../../tensor.js";
import type { GraphBuilder, Value } from "../graph.js";
import * as ops from "../ops.js";
import type { ConvParams, Pair } from "../primitives.js";
import { dtypeOf, materialize, type View, viewOf } from "../view.js";
import { flipView } from "./movement.js";
import type { Rule } from "./rule.js";
import { convolutionTable, gatherTable } from "./tables.js";

/**
 * The logical axes of a convolution by role. A leading vmap axis that both operands store is a group; one that only
 * x stores is more batch, one that only w stores more output channels.
 */
interface Roles {
  readonly groups: readonly number[];
  readonly batch: readonly number[];
  /** Within one group. */
  readonly outputs: readonly number[];
  readonly channel: number;
  readonly spatial: readonly number[];
}

interface Convolution extends ConvParams {
  readonly x: View;
  readonly w: View;
  readonly result: TensorSpec;
  readonly roles: Roles;
}

const conv: Rule<"conv"> = (g, [x, w], params, [result]) => {
  const roles = rolesOf(x!, w!, params.vmapDims);
  const c: Convolution = { ...params, x: x!, w: w!, result: result!, roles };
  return [lowering(c)(g, c)];
};

/**
 * Which way to compute it. ONNX Runtime has its own convolutions in float32 only, and its Conv is about half as fast
 * as a matrix product where the kernel is larger than the result: the gradient of a weight.
 */
function lowering(c: Convolution): (g: GraphBuilder, c: Convolution) => View {
  const kernel = sizeOf(c.roles.spatial.map((axis) => c.w.shape[axis]!));
  const positions = sizeOf(c.roles.spatial.map((axis) => c.result.shape[axis]!));
  const weightGradient = kernel > positions;
  const rank = c.roles.spatial.length;
  if (weightGradient) return columnsPerPosition;
  if (dtypeOf(c.x) !== "float32" || rank === 0 || rank > 3) return columnsPerTap;
  if (c.lhsDilation.every((d) => d === 1)) return direct;
  const scatters = c.strides.every((s) => s === 1) && scatterOf(c).every(({ extent }) => extent > 0);
  return scatters ? transposed : columnsPerTap;
}

function rolesOf(x: View, w: View, vmapDims: number): Roles {
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

const sizes = (view: View, axes: readonly number[]): number[] => axes.map((axis) => view.shape[axis]!);
const size = (view: View, axes: readonly number[]): number => sizeOf(sizes(view, axes));

/** `view` as a dense tensor with one axis for each of `parts`, the product of its logical axes. */
function packed(g: GraphBuilder, view: View, parts: readonly (readonly number[])[]): Value {
  const value = materialize(g, widened(view, parts.flat()), parts.flat());
  return ops.reshape(
    g,
    value,
    parts.map((axes) => size(view, axes)),
  );
}

/** Leaves out logical axes that are neither stored nor asked for, so that they are not expanded. */
function widened(view: View, axes: readonly number[]): View {
  return { ...view, shape: view.shape.map((n, axis) => (axes.includes(axis) ? n : 1)) };
}

/**
 * The result as a view, from a tensor whose axes are listed as roles; vmap axes that neither operand stores are
 * treated as batch that x repeats.
 */
function result(g: GraphBuilder, c: Convolution, value: Value, parts: readonly (readonly number[])[]): View {
  const order = parts.flat();
  const shape = order.map((axis) => c.result.shape[axis]!);
  return viewOf(g, ops.reshape(g, value, shape), order);
}

/** Axes of the result: its output channel stands after the batch axis, where the operands have theirs. */
function resultRoles(c: Convolution): Roles {
  const { roles, vmapDims } = c;
  return { ...roles, outputs: [...roles.outputs.slice(0, -1), vmapDims + 1] };
}

/** Crops what negative padding takes away; returns the padding that is left. */
function cropped(
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

/** ONNX Conv of x [N, G·C, …] with w [G·O, C, …]. */
function direct(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, outputs, channel, spatial } = c.roles;
  const input = packed(g, c.x, [batch, [...groups, channel], ...spatial.map((axis) => [axis])]);
  const weight = packed(g, c.w, [[...groups, ...outputs], [channel], ...spatial.map((axis) => [axis])]);
  const { x, pads } = cropped(g, input, 2, c.padding);
  const shape = [x.shape[0]!, weight.shape[0]!, ...spatial.map((axis) => c.result.shape[axis]!)];
  const attributes = {
    kernel_shape: weight.shape.slice(2),
    strides: c.strides,
    dilations: c.rhsDilation,
    pads,
    group: size(c.x, groups),
  };
  const value = g.node("Conv", [x, weight], { dtype: x.dtype, shape }, { attributes });
  const out = resultRoles(c);
  return result(g, c, value, [out.batch, out.groups, out.outputs, out.spatial]);
}

/** What ConvTranspose crops from, or misses at, each end of a spatial axis, and what it leaves. */
function scatterOf(c: Convolution) {
  return c.roles.spatial.map((axis, i) => {
    const reach = (c.w.shape[axis]! - 1) * c.rhsDilation[i]!;
    const ends = c.padding[i]!.map((padding) => reach - padding);
    const crop = ends.map((end) => Math.max(end, 0));
    const missing: Pair = [Math.max(-ends[0]!, 0), Math.max(-ends[1]!, 0)];
    const full = (c.x.shape[axis]! - 1) * c.lhsDilation[i]! + reach + 1;
    return { crop, missing, extent: full - crop[0]! - crop[1]! };
  });
}

/**
 * ONNX ConvTranspose for a dilated x with strides 1: spreading x by its dilation and correlating is scattering it through
 * the reversed kernel, ConvTranspose(x, flip w), with (k−1)·dilation − padding cropped from each side.
 */
function transposed(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, outputs, channel, spatial } = c.roles;
  const x = packed(g, c.x, [batch, [...groups, channel], ...spatial.map((axis) => [axis])]);
  const reversed = flipView(g, c.w, spatial);
  const weight = packed(g, reversed, [[...groups, channel], outputs, ...spatial.map((axis) => [axis])]);
  const scatter = scatterOf(c);
  const attributes = {
    kernel_shape: weight.shape.slice(2),
    strides: c.lhsDilation,
    dilations: c.rhsDilation,
    pads: [...scatter.map(({ crop }) => crop[0]!), ...scatter.map(({ crop }) => crop[1]!)],
    group: size(c.x, groups),
  };
  const channels = size(c.x, groups) * weight.shape[1]!;
  const type = { dtype: x.dtype, shape: [x.shape[0]!, channels, ...scatter.map(({ extent }) => extent)] };
  const scattered = g.node("ConvTranspose", [x, weight], type, { attributes });
  const value = ops.pad(g, scattered, [[0, 0], [0, 0], ...scatter.map(({ missing }) => missing)]);
  const out = resultRoles(c);
  return result(g, c, value, [out.batch, out.groups, out.outputs, out.spatial]);
}

/** For every kernel tap and position of the result, the flat spatial index of x it multiplies. */
function tableOf(c: Convolution) {
  const { spatial } = c.roles;
  return convolutionTable(
    spatial.map((axis, i) => ({
      input: c.x.shape[axis]!,
      taps: c.w.shape[axis]!,
      positions: c.result.shape[axis]!,
      stride: c.strides[i]!,
      before: c.padding[i]![0],
      spread: c.lhsDilation[i]!,
      dilation: c.rhsDilation[i]!,
    })),
  );
}

/**
 * As a matrix product with the batch innermost: w [O, C·taps] times columns [C·taps, positions·N], gathered from x [C, S, N].
 */
function columnsPerTap(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, outputs, channel, spatial } = c.roles;
  const { taps, positions, indices } = tableOf(c);
  const [count, n] = [size(c.x, groups), size(c.x, batch)];
  const x = packed(g, c.x, [groups, [channel], spatial, batch]);
  const columns = gatherTable(g, x, 2, indices, [taps, positions]);
  const depth = c.x.shape[channel]! * taps;
  const weight = packed(g, c.w, [groups, outputs, [channel, ...spatial]]);
  const product = ops.matmul(g, weight, ops.reshape(g, columns, [count, depth, positions * n]));
  const out = resultRoles(c);
  return result(g, c, product, [out.groups, out.outputs, out.spatial, out.batch]);
}

/**
 * As a matrix product with the contracted channel innermost: columns [N·positions, taps·C], gathered from x [N, S, C],
 * times w [taps·C, O]. Cheap where taps are many and positions few.
 */
function columnsPerPosition(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, outputs, channel, spatial } = c.roles;
  const { taps, positions, indices } = tableOf(c);
  const [count, n] = [size(c.x, groups), size(c.x, batch)];
  const depth = taps * c.x.shape[channel]!;
  const byPosition = new Int32Array(indices.length);
  for (let t = 0; t < taps; t++)
    for (let p = 0; p < positions; p++) byPosition[p * taps + t] = indices[t * positions + p]!;
  const x = packed(g, c.x, [groups, batch, spatial, [channel]]);
  const columns = gatherTable(g, x, 2, byPosition, [positions, taps]);
  const out = resultRoles(c);
  if (count === 1 && ops.isFloat(dtypeOf(c.x))) {
    const weight = packed(g, c.w, [outputs, [...spatial, channel]]);
    const product = ops.gemm(g, weight, ops.reshape(g, columns, [n * positions, depth]), { transB: true });
    return result(g, c, product, [out.groups, out.outputs, out.batch, out.spatial]);
  }
  const weight = packed(g, c.w, [groups, [...spatial, channel], outputs]);
  const product = ops.matmul(g, ops.reshape(g, columns, [count, n * positions, depth]), weight);
  return result(g, c, product, [out.groups, out.batch, out.spatial, out.outputs]);
}

export const convRules = { conv } satisfies { [P in "conv"]: Rule<P> };
