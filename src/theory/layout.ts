/**
 * Where the elements of each normalization group lie in a dense C-order tensor, as nested strides, so that
 * no layout needs a transposed copy. Group g = (p, q) with p < groupOuter, q < groupInner starts at
 * p·groupOuterStride + q·groupInnerStride; its elements (i, j), i < outer, j < inner, follow at
 * i·outerStride + j·innerStride.
 */
export interface GroupLayout {
  readonly groupOuter: number;
  readonly groupOuterStride: number;
  readonly groupInner: number;
  readonly groupInnerStride: number;
  readonly outer: number;
  readonly outerStride: number;
  readonly inner: number;
  readonly innerStride: number;
}

/** Number of groups. */
export const groupCount = (l: GroupLayout): number => l.groupOuter * l.groupInner;

/** n: elements that share one mean and variance. */
export const groupSize = (l: GroupLayout): number => l.outer * l.inner;

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** Batch normalization of [N, C, …]: one group per channel, over the batch and all positions. */
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

/** Layer or RMS normalization over all axes from `axis` on: one group per leading index. */
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

/** Layer normalization over the channel axis alone of [N, C, …]: one group per sample and position. */
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

/** Group normalization of [N, C, …]: one group per sample and channel group. */
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

/** Instance normalization of [N, C, …]: one group per sample and channel, over positions. */
export const instanceNormLayout = (shape: readonly number[]): GroupLayout => groupNormLayout(shape, shape[1]);
