import type { GraphBuilder } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import type { View } from "../../../graph/view.js";
import type { Pair } from "../../../tracing/primitives.js";
import { flipView } from "../movement.js";
import { type Convolution, cropped, packed, resultRoles, resultView, size } from "./convolution.js";

/** ONNX Conv of x [N, G·C, …] with w [G·O, C, …]. */
export function direct(g: GraphBuilder, c: Convolution): View {
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

/** What ConvTranspose crops from, or misses at, each end of a spatial axis, and what it leaves. */
function scatterOf(c: Convolution) {
  return c.roles.spatial.map((axis, i) => {
    const reach = (c.w.shape[axis] - 1) * c.rhsDilation[i];
    const ends = c.padding[i].map((padding) => reach - padding);
    const crop = ends.map((end) => Math.max(end, 0));
    const missing: Pair = [Math.max(-ends[0], 0), Math.max(-ends[1], 0)];
    const full = (c.x.shape[axis] - 1) * c.lhsDilation[i] + reach + 1;
    return { crop, missing, extent: full - crop[0] - crop[1] };
  });
}

/** Whether `transposed` can compute it: strides of one, and something left of every spatial axis. */
export function scatters(c: Convolution): boolean {
  return c.strides.every((s) => s === 1) && scatterOf(c).every(({ extent }) => extent > 0);
}

/**
 * ONNX ConvTranspose for a dilated x with strides 1: spreading x by its dilation and correlating is scattering it through
 * the reversed kernel, ConvTranspose(x, flip w), with (k−1)·dilation − padding cropped from each side.
 */
export function transposed(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, outputs, channel, spatial } = c.roles;
  const x = packed(g, c.x, [batch, [...groups, channel], ...spatial.map((axis) => [axis])]);
  const reversed = flipView(g, c.w, spatial);
  const weight = packed(g, reversed, [[...groups, channel], outputs, ...spatial.map((axis) => [axis])]);
  const scatter = scatterOf(c);
  const attributes = {
    kernel_shape: weight.shape.slice(2),
    strides: c.lhsDilation,
    dilations: c.rhsDilation,
    pads: [...scatter.map(({ crop }) => crop[0]), ...scatter.map(({ crop }) => crop[1])],
    group: size(c.x, groups),
  };
  const channels = size(c.x, groups) * weight.shape[1];
  const type = { dtype: x.dtype, shape: [x.shape[0], channels, ...scatter.map(({ extent }) => extent)] };
  const scattered = g.node("ConvTranspose", [x, weight], type, { attributes });
  const value = ops.pad(g, scattered, [[0, 0], [0, 0], ...scatter.map(({ missing }) => missing)]);
  const out = resultRoles(c);
  return resultView(g, c, value, [out.batch, out.groups, out.outputs, out.spatial]);
}
