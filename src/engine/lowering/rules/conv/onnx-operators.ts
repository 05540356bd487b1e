import type { GraphBuilder } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import type { View } from "../../../graph/view.js";
import type { Pair } from "../../../tracing/primitives.js";
import { flipView } from "../movement.js";
import { type Convolution, resultRoles, size } from "./convolution.js";
import { cropped, packed, resultView } from "./layout.js";

/**
 * The convolution as ONNX's Conv of x [N, G·C, …] with w [G·O, C, …], where G is the number of
 * groups.
 */
export function onnxConv(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, outputs, channel, spatial } = c.roles;
  const input = packed(g, c.x, [batch, [...groups, channel], ...spatial.map((axis) => [axis])]);
  const weight = packed(g, c.w, [[...groups, ...outputs], [channel], ...spatial.map((axis) => [axis])]);
  const { x, pads } = cropped(g, input, 2, c.padding);
  const shape = [x.shape[0], weight.shape[0], ...spatial.map((axis) => c.result.shape[axis])];
  const attributes = {
    kernel_shape: weight.shape.slice(2),
    strides: c.strides,
    dilations: c.rhsDilation,
    pads,
    group: size(c.x, groups),
  };
  const value = g.node("Conv", [x, weight], { dtype: x.dtype, shape }, { attributes });
  const out = resultRoles(c);
  return resultView(g, c, value, [out.batch, out.groups, out.outputs, out.spatial]);
}

/**
 * How ConvTranspose's full output along one spatial axis becomes the result: cropped, then padded.
 */
interface ScatteredAxis {
  /** Elements to crop before and after. */
  readonly crop: Pair;
  /** Zeros to add before and after. */
  readonly missing: Pair;
  /** Elements that are left after cropping. */
  readonly extent: number;
}

/**
 * Along each spatial axis, with reach = (offsets − 1)·dilation the distance from the first kernel
 * element to the last:
 *
 *     full output     (pixels − 1)·lhsDilation + reach + 1 elements
 *     the result      begins `reach − padding` elements inside it, and ends as far inside it
 *
 * Where `reach − padding` is negative, the result begins or ends outside, and zeros are missing.
 */
function scatteredAxes(c: Convolution): ScatteredAxis[] {
  return c.roles.spatial.map((axis, i) => {
    const reach = (c.w.shape[axis] - 1) * c.rhsDilation[i];
    const [before, after] = c.padding[i].map((padding) => reach - padding);
    const crop: Pair = [Math.max(before, 0), Math.max(after, 0)];
    const missing: Pair = [Math.max(-before, 0), Math.max(-after, 0)];
    const full = (c.x.shape[axis] - 1) * c.lhsDilation[i] + reach + 1;
    return { crop, missing, extent: full - crop[0] - crop[1] };
  });
}

/** Whether `onnxConvTranspose` applies: strides of 1, and no axis is cropped away. */
export function fitsConvTranspose(c: Convolution): boolean {
  return c.strides.every((s) => s === 1) && scatteredAxes(c).every(({ extent }) => extent > 0);
}

/**
 * A convolution of an x with gaps as ONNX's ConvTranspose. Putting gaps between the pixels and
 * correlating with w is the same as scattering every pixel through the reversed kernel.
 */
export function onnxConvTranspose(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, outputs, channel, spatial } = c.roles;
  const x = packed(g, c.x, [batch, [...groups, channel], ...spatial.map((axis) => [axis])]);
  const reversed = flipView(g, c.w, spatial);
  const weight = packed(g, reversed, [[...groups, channel], outputs, ...spatial.map((axis) => [axis])]);
  const axes = scatteredAxes(c);
  const attributes = {
    kernel_shape: weight.shape.slice(2),
    strides: c.lhsDilation,
    dilations: c.rhsDilation,
    pads: [...axes.map(({ crop }) => crop[0]), ...axes.map(({ crop }) => crop[1])],
    group: size(c.x, groups),
  };
  const channels = size(c.x, groups) * weight.shape[1];
  const type = { dtype: x.dtype, shape: [x.shape[0], channels, ...axes.map(({ extent }) => extent)] };
  const scattered = g.node("ConvTranspose", [x, weight], type, { attributes });
  const value = ops.pad(g, scattered, [[0, 0], [0, 0], ...axes.map(({ missing }) => missing)]);
  const out = resultRoles(c);
  return resultView(g, c, value, [out.batch, out.groups, out.outputs, out.spatial]);
}
