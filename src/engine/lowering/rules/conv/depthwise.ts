import { sizeOf } from "../../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import { dtypeOf, type View } from "../../../graph/view.js";
import { convolutionTable, gatherTable } from "../tables.js";
import {
  type Convolution,
  cropped,
  packed,
  resultRoles,
  resultView,
  size,
  spatialShape,
} from "./convolution.js";

/**
 * Depthwise convolutions by ONNX Runtime's own blocked kernels, which hold as many channels side by side as a vector register.
 *
 * Where a group has one output, y[b, g] = Σ_k w[g, k] ⋆ x[b, g, k] with ⋆ the correlation of one plane with one kernel: no
 * two planes meet before the sum. So all of batch, channel and group together are taken for the channels of a single image,
 * [H, W, lanes] as images are stored here, and no sample is moved. A forward pass has k = 1. In the gradient of a kernel k
 * is the sample, and the cotangent, stored as images are, is read as the kernel.
 */

const BLOCKED = "com.microsoft.nchwc";

/** Multiple of the block of every processor: 8 or 16 floats. */
const LARGEST_BLOCK = 16;

const lanesOf = ({ roles, x }: Convolution): number =>
  size(x, [...roles.batch, roles.channel, ...roles.groups]);

/** Whether `depthwise` computes it: one output in a group, one or two axes, and lanes that fill blocks. */
export function isDepthwise(g: GraphBuilder, c: Convolution): boolean {
  const { groups, outputs, spatial } = c.roles;
  return (
    g.optimizations.blocked &&
    g.optimizations.contrib &&
    dtypeOf(c.x) === "float32" &&
    groups.length > 0 &&
    size(c.w, outputs) === 1 &&
    (spatial.length === 1 || spatial.length === 2) &&
    lanesOf(c) % LARGEST_BLOCK === 0
  );
}

export function depthwise(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, channel, spatial } = c.roles;
  const lanes = lanesOf(c);
  const [n, channels, count] = [size(c.x, batch), c.x.shape[channel], size(c.x, groups)];
  // One axis is the second one of an image of one row.
  const planar = <T>(perAxis: readonly T[], along: T): T[] =>
    spatial.length === 1 ? [along, ...perAxis] : [...perAxis];

  const image = spread(g, c, packed(g, c.x, [spatial, [...batch, channel, ...groups]]));
  const extents = spatialShape(c, c.x).map((extent, i) => (extent - 1) * c.lhsDilation[i] + 1);
  const planes = ops.reshape(g, image, [1, ...planar(extents, 1), lanes]);
  const { x, pads } = cropped(g, planes, 1, planar(c.padding, [0, 0]));

  const taps = planar(spatialShape(c, c.w), 1);
  const kernel = packed(g, c.w, [spatial, [], [channel, ...groups]]);
  const repeated = ops.expand(g, kernel, [sizeOf(taps), n, channels * count]);
  const weight = ops.reshape(g, blocked(g, ops.reshape(g, repeated, [1, ...taps, lanes])), [
    lanes,
    1,
    ...taps,
  ]);

  const positions = planar(spatialShape(c, c.result), 1);
  const attributes = {
    kernel_shape: taps,
    strides: planar(c.strides, 1),
    dilations: planar(c.rhsDilation, 1),
    pads,
    group: lanes,
  };
  const type = { dtype: x.dtype, shape: [1, lanes, ...positions] };
  const convolved = g.node("Conv", [blocked(g, x), weight], type, { attributes, domain: BLOCKED });
  const unblocked = g.node(
    "ReorderOutput",
    [convolved],
    { dtype: x.dtype, shape: [1, ...positions, lanes] },
    { attributes: { channels: lanes, channels_last: 1 }, domain: BLOCKED },
  );
  const perChannel = ops.reshape(g, unblocked, [sizeOf(positions) * n, channels, count]);
  const sums = channels === 1 ? perChannel : ops.reduce(g, "ReduceSum", perChannel, [1]);
  const out = resultRoles(c);
  return resultView(g, c, sums, [out.spatial, out.batch, out.outputs, out.groups]);
}

/** x [1, H, W, lanes] in blocks of lanes; its shape is then said to be [1, lanes, H, W]. */
function blocked(g: GraphBuilder, x: Value): Value {
  const [, height, width, lanes] = x.shape as [number, number, number, number];
  const type = { dtype: x.dtype, shape: [1, lanes, height, width] };
  return g.node("ReorderInput", [x], type, { attributes: { channels_last: 1 }, domain: BLOCKED });
}

/** x [positions, lanes] with the gaps of its dilation, as zeros. */
function spread(g: GraphBuilder, c: Convolution, x: Value): Value {
  if (sizeOf(c.lhsDilation) === 1) return x;
  const axes = spatialShape(c, c.x).map((input, i) => ({
    ...{ input, taps: 1, stride: 1, before: 0, dilation: 1 },
    positions: (input - 1) * c.lhsDilation[i] + 1,
    spread: c.lhsDilation[i],
  }));
  const { positions, indices } = convolutionTable(axes);
  return gatherTable(g, x, 0, indices, [positions]);
}
