import type { DType } from "../../../../base/tensor.js";
import type { GraphBuilder } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import { dtypeOf, mapStored, splat, type View, zipAs } from "../../../graph/view.js";
import type { ConvParams } from "../../../tracing/primitives.js";
import { dropAxes } from "../reduce.js";

/**
 * With a kernel that holds one number per output, w[o, c, t] = k[o], a convolution is a sum of x:
 *
 *     Σ_c Σ_t x[n, c, p + t]·k[o] = k[o] · Σ_t (Σ_c x[n, c, p + t]).
 *
 * The right side is a window sum over one channel instead of a convolution. The gradient of a
 * weight has such a kernel where the cotangent is constant over samples and positions. The
 * first-order part that a standardization blocks is of this form.
 */
export interface FactoredConvolution {
  /** Σ_c x, with one channel. */
  readonly x: View;
  /** A kernel of ones, with one output and one channel. */
  readonly w: View;
  /** k, along the axes of the result. */
  readonly factor: View;
}

/** The factored convolution; undefined where the kernel varies over channels or offsets. */
export function factorKernel(
  g: GraphBuilder,
  x: View,
  w: View,
  { vmapDims }: ConvParams,
): FactoredConvolution | undefined {
  const constant = w.axes.slice(vmapDims + 1).every((stored) => stored === null);
  if (!constant || w.shape[vmapDims + 1] === 1) return undefined;
  return {
    x: sumChannels(g, x, vmapDims + 1),
    w: splat(g.scalar(1, dtypeOf(w) as DType), w.shape.with(vmapDims, 1).with(vmapDims + 1, 1)),
    // w is [vmap…, O, 1, …]. The result is [vmap…, N, O, …], and k does not depend on N.
    factor: {
      value: w.value,
      shape: [
        ...w.shape.slice(0, vmapDims),
        1,
        w.shape[vmapDims],
        ...w.shape.slice(vmapDims + 2).map(() => 1),
      ],
      axes: [
        ...w.axes.slice(0, vmapDims),
        null,
        w.axes[vmapDims],
        ...w.axes.slice(vmapDims + 2).map(() => null),
      ],
    },
  };
}

/** Σ_c x. The channel axis stays, with size 1. */
function sumChannels(g: GraphBuilder, x: View, channel: number): View {
  const stored = x.axes[channel];
  if (stored == null) {
    const times = g.scalar(x.shape[channel], dtypeOf(x) as DType);
    return mapStored({ ...x, shape: x.shape.with(channel, 1) }, (value) =>
      ops.elementwise(g, "Mul", [value, times]),
    );
  }
  const summed = dropAxes(x, [channel], ops.reduce(g, "ReduceSum", x.value, [stored]));
  return {
    value: summed.value,
    shape: x.shape.with(channel, 1),
    axes: summed.axes.toSpliced(channel, 0, null),
  };
}

/**
 * The convolution's result: `sums`, which has one output channel, times k. It is stored as the
 * gradients of weights are: the spatial axes first, then the output channel, then the batch.
 */
export function applyFactor(g: GraphBuilder, sums: View, factor: View, { vmapDims }: ConvParams): View {
  const stored = [...sums.axes.keys()].filter(
    (axis) => sums.axes[axis] !== null || factor.axes[axis] !== null,
  );
  const [outer, spatial] = [stored.filter((a) => a < vmapDims), stored.filter((a) => a > vmapDims + 1)];
  const [batch, outputs] = [vmapDims, vmapDims + 1].map((axis) => stored.filter((a) => a === axis));
  const order = [...outer, ...spatial, ...outputs, ...batch];
  return zipAs(g, [sums, factor], order, (r, k) => ops.elementwise(g, "Mul", [r, k]));
}
