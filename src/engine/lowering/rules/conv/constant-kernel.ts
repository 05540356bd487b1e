import type { DType } from "../../../../base/tensor.js";
import type { GraphBuilder } from "../../../graph/graph.js";
import * as ops from "../../../graph/ops.js";
import { dtypeOf, mapStored, splat, type View, zipAs } from "../../../graph/view.js";
import type { ConvParams } from "../../../tracing/primitives.js";
import { dropAxes } from "../reduce.js";

/**
 * A kernel that is the same number for all channels and taps of an output, w[o, c, t] = k[o], leaves the sum:
 *
 *     Σ_c Σ_t x[n, c, p + t]·k[o] = k[o] · Σ_t (Σ_c x[n, c, p + t]),
 *
 * one window sum of one channel instead of a convolution. The gradient of a weight is of this kind where the cotangent
 * is constant over samples and positions, as is the part of it that standardization blocks in first order.
 */
export interface Factored {
  /** Σ_c x and a kernel of ones, to be convolved into a result of one output channel. */
  readonly x: View;
  readonly w: View;
  /** k, laid along the axes of the result. */
  readonly factor: View;
}

/** The factors, where the kernel is of this kind. */
export function factorKernel(
  g: GraphBuilder,
  x: View,
  w: View,
  { vmapDims }: ConvParams,
): Factored | undefined {
  const constant = w.axes.slice(vmapDims + 1).every((stored) => stored === null);
  if (!constant || w.shape[vmapDims + 1] === 1) return undefined;
  return {
    x: sumChannels(g, x, vmapDims + 1),
    w: splat(g.scalar(1, dtypeOf(w) as DType), w.shape.with(vmapDims, 1).with(vmapDims + 1, 1)),
    // w is [vmap…, O, 1, …]; the result has the batch before O, which k does not depend on.
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
        w.axes[vmapDims]!,
        ...w.axes.slice(vmapDims + 2).map(() => null),
      ],
    },
  };
}

/** Σ_c x, the channel axis kept with size 1. */
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

/** The factor put back: k times the one output channel, stored as gradients of weights are, taps first and samples last. */
export function unfactored(g: GraphBuilder, result: View, factor: View, { vmapDims }: ConvParams): View {
  const stored = [...result.axes.keys()].filter(
    (axis) => result.axes[axis] !== null || factor.axes[axis] !== null,
  );
  const [outer, taps] = [stored.filter((a) => a < vmapDims), stored.filter((a) => a > vmapDims + 1)];
  const [samples, outputs] = [vmapDims, vmapDims + 1].map((axis) => stored.filter((a) => a === axis));
  const order = [...outer, ...taps, ...outputs, ...samples];
  return zipAs(g, [result, factor], order, (r, k) => ops.elementwise(g, "Mul", [r, k]));
}
