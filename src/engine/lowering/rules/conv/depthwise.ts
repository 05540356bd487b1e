import { sizeOf } from "../../../../base/tensor.js";
import type { GraphBuilder, Value } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import { dtypeOf, type View } from "../../../graph/view.js";
import { gatherTable, windowTable } from "../index-tables.js";
import { type Convolution, resultRoles, size, spatialShape } from "./convolution.js";
import { cropped, packed, resultView } from "./layout.js";

/**
 * Depthwise convolutions by the blocked kernels of ONNX Runtime (the operator domain below). They
 * compute as many channels side by side as fit a vector register.
 *
 * Where every group g has one output, with ⋆ the correlation of one plane with one kernel,
 *
 *     y[n, g] = Σ_c w[g, c] ⋆ x[n, c, g].
 *
 * No two planes meet before this sum. All samples, channels and groups can therefore be the
 * channels ("lanes") of one image, and no data moves, since images are stored with these axes
 * innermost:
 *
 *     x [H, W, N, C, G]  =  one image [1, H, W, lanes]    with lanes = N·C·G
 *
 * In a forward pass C = 1. In the gradient of a kernel C is the number of samples, and the
 * cotangent takes the kernel's place.
 */

/** ONNX Runtime's own operator domain for blocked kernels. */
const BLOCKED = "com.microsoft.nchwc";

/** A multiple of every processor's block, which is 8 or 16 floats. */
const LARGEST_BLOCK = 16;

const lanesOf = ({ roles, x }: Convolution): number =>
  size(x, [...roles.batch, roles.channel, ...roles.groups]);

/**
 * Whether `depthwise` applies: one output per group, one or two spatial axes, lanes that fill whole
 * blocks.
 */
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

/** The convolution as one blocked Conv with a group per lane, then the sum over channels. */
export function depthwise(g: GraphBuilder, c: Convolution): View {
  const { groups, batch, channel, spatial } = c.roles;
  const lanes = lanesOf(c);
  const [n, channels, count] = [size(c.x, batch), c.x.shape[channel], size(c.x, groups)];
  // The operator takes two spatial axes. A single one becomes the width of an image of height 1.
  const planar = <T>(perAxis: readonly T[], height: T): T[] =>
    spatial.length === 1 ? [height, ...perAxis] : [...perAxis];

  const image = spread(g, c, packed(g, c.x, [spatial, [...batch, channel, ...groups]]));
  const extents = spatialShape(c, c.x).map((extent, i) => (extent - 1) * c.lhsDilation[i] + 1);
  const planes = ops.reshape(g, image, [1, ...planar(extents, 1), lanes]);
  const { x, pads } = cropped(g, planes, 1, planar(c.padding, [0, 0]));

  const kernelShape = planar(spatialShape(c, c.w), 1);
  const kernel = packed(g, c.w, [spatial, [], [channel, ...groups]]);
  const repeated = ops.expand(g, kernel, [sizeOf(kernelShape), n, channels * count]);
  const weight = ops.reshape(g, blocked(g, ops.reshape(g, repeated, [1, ...kernelShape, lanes])), [
    lanes,
    1,
    ...kernelShape,
  ]);

  const positions = planar(spatialShape(c, c.result), 1);
  const attributes = {
    kernel_shape: kernelShape,
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

/** x [1, H, W, lanes] in blocks of lanes. ONNX Runtime declares its shape as [1, lanes, H, W]. */
function blocked(g: GraphBuilder, x: Value): Value {
  const [, height, width, lanes] = x.shape;
  const type = { dtype: x.dtype, shape: [1, lanes, height, width] };
  return g.node("ReorderInput", [x], type, { attributes: { channels_last: 1 }, domain: BLOCKED });
}

/** x [pixels, lanes] with zeros in the gaps that its dilation leaves between pixels. */
function spread(g: GraphBuilder, c: Convolution, x: Value): Value {
  if (sizeOf(c.lhsDilation) === 1) return x;
  const axes = spatialShape(c, c.x).map((input, i) => ({
    ...{ input, offsets: 1, stride: 1, before: 0, dilation: 1 },
    positions: (input - 1) * c.lhsDilation[i] + 1,
    spread: c.lhsDilation[i],
  }));
  const { positions, indices } = windowTable(axes);
  return gatherTable(g, x, { axis: 0, indices, shape: [positions] });
}
