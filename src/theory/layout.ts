/**
 * Where the elements of each group lie in a dense tensor in C order, as nested strides. So no
 * layout needs a transposed copy.
 *
 * Groups have two indices, p < groupOuter and q < groupInner. Elements of a group have two indices,
 * i < outer and j < inner. Element (i, j) of group (p, q) lies at
 *
 *     p·groupOuterStride + q·groupInnerStride + i·outerStride + j·innerStride
 *
 * For batch normalization of [N, C, H, W], q is the channel, i the sample and j the position in the
 * map; p takes one value.
 */
export interface GroupLayout {
  /** Number of values of p. */
  readonly groupOuter: number;
  /** Distance in memory between groups whose p differ by 1. */
  readonly groupOuterStride: number;
  /** Number of values of q. */
  readonly groupInner: number;
  /** Distance in memory between groups whose q differ by 1. */
  readonly groupInnerStride: number;
  /** Number of values of i. */
  readonly outer: number;
  /** Distance in memory between elements whose i differ by 1. */
  readonly outerStride: number;
  /** Number of values of j. */
  readonly inner: number;
  /** Distance in memory between elements whose j differ by 1. */
  readonly innerStride: number;
}

/**
 * The number of groups of a layout.
 *
 * @param l - the layout
 * @returns how many groups have a mean and variance of their own
 *
 * @example
 * ```ts
 * import { batchNormLayout, groupCount } from "blindspot/theory";
 *
 * console.log(groupCount(batchNormLayout([8, 16, 4, 4]))); // 16
 * ```
 */
export const groupCount = (l: GroupLayout): number => l.groupOuter * l.groupInner;

/**
 * n: the number of elements that share one mean and variance.
 *
 * @param l - the layout
 * @returns elements per group
 *
 * @example
 * ```ts
 * import { batchNormLayout, groupSize } from "blindspot/theory";
 *
 * console.log(groupSize(batchNormLayout([8, 16, 4, 4]))); // 128
 * ```
 */
export const groupSize = (l: GroupLayout): number => l.outer * l.inner;

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/**
 * The layout of batch normalization of [N, C, …]: one group per channel, over the batch and all
 * positions.
 *
 * @param shape - shape of the tensor, [N, C] or [N, C, …]
 * @returns C groups of N elements per position
 *
 * @example
 * ```ts
 * import { batchNormLayout, groupCount, groupSize } from "blindspot/theory";
 *
 * const layout = batchNormLayout([8, 16, 4, 4]);
 * console.log(groupCount(layout), groupSize(layout)); // 16 128
 * ```
 */
export function batchNormLayout([batch, channels, ...positions]: readonly number[]): GroupLayout {
  const inner = product(positions);
  return {
    groupOuter: 1,
    groupOuterStride: 0,
    groupInner: channels,
    groupInnerStride: inner,
    outer: batch,
    outerStride: channels * inner,
    inner,
    innerStride: 1,
  };
}

/**
 * The layout of layer or RMS normalization over all axes from `axis` on: one group per index of the
 * leading axes.
 *
 * @param shape - shape of the tensor
 * @param axis - the first normalized axis
 * @returns one group per leading index
 *
 * @example
 * ```ts
 * import { groupCount, groupSize, layerNormLayout } from "blindspot/theory";
 *
 * // A transformer: two samples, three tokens, four features; each token is a group.
 * const layout = layerNormLayout([2, 3, 4], 2);
 * console.log(groupCount(layout), groupSize(layout)); // 6 4
 * ```
 */
export function layerNormLayout(shape: readonly number[], axis: number): GroupLayout {
  const inner = product(shape.slice(axis));
  return {
    groupOuter: product(shape.slice(0, axis)),
    groupOuterStride: inner,
    groupInner: 1,
    groupInnerStride: 0,
    outer: 1,
    outerStride: 0,
    inner,
    innerStride: 1,
  };
}

/**
 * The layout of layer normalization over the channels of [N, C, …] alone: one group per sample and
 * position, as in ConvNeXt.
 *
 * @param shape - shape of the tensor, [N, C, …]
 * @returns one group of C elements per sample and position
 *
 * @example
 * ```ts
 * import { channelLayerNormLayout, groupCount, groupSize } from "blindspot/theory";
 *
 * const layout = channelLayerNormLayout([2, 8, 4, 4]);
 * console.log(groupCount(layout), groupSize(layout)); // 32 8
 * ```
 */
export function channelLayerNormLayout([batch, channels, ...positions]: readonly number[]): GroupLayout {
  const size = product(positions);
  return {
    groupOuter: batch,
    groupOuterStride: channels * size,
    groupInner: size,
    groupInnerStride: 1,
    outer: 1,
    outerStride: 0,
    inner: channels,
    innerStride: size,
  };
}

/**
 * The layout of group normalization of [N, C, …]: one group per sample and channel group.
 *
 * @param shape - shape of the tensor, [N, C, …]
 * @param groups - channel groups per sample; must divide C
 * @returns N·`groups` groups
 *
 * @example
 * ```ts
 * import { groupCount, groupNormLayout, groupSize } from "blindspot/theory";
 *
 * const layout = groupNormLayout([2, 8, 4, 4], 2);
 * console.log(groupCount(layout), groupSize(layout)); // 4 64
 * ```
 */
export function groupNormLayout(
  [batch, channels, ...positions]: readonly number[],
  groups: number,
): GroupLayout {
  const inner = (channels / groups) * product(positions);
  return {
    groupOuter: batch,
    groupOuterStride: groups * inner,
    groupInner: groups,
    groupInnerStride: inner,
    outer: 1,
    outerStride: 0,
    inner,
    innerStride: 1,
  };
}

/**
 * The layout of instance normalization of [N, C, …]: one group per sample and channel, over
 * positions.
 *
 * @param shape - shape of the tensor, [N, C, …]
 * @returns N·C groups
 *
 * @example
 * ```ts
 * import { groupCount, groupSize, instanceNormLayout } from "blindspot/theory";
 *
 * const layout = instanceNormLayout([2, 8, 4, 4]);
 * console.log(groupCount(layout), groupSize(layout)); // 16 16
 * ```
 */
export const instanceNormLayout = (shape: readonly number[]): GroupLayout => groupNormLayout(shape, shape[1]);
