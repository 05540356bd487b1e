import type { GroupLayout } from "../layout.js";

/** One axis of a tensor in memory order. */
export interface MemoryAxis {
  /** Number of steps along the axis. */
  readonly size: number;
  /** How many groups one step moves on; 0 where a step stays within its group. */
  readonly groupStep: number;
}

/** The axes of a tensor in memory order. */
export interface MemoryAxes {
  /** The axis whose elements are neighbours in memory. */
  readonly fastest: MemoryAxis;
  /** The other axes, from the slowest on. */
  readonly slower: readonly MemoryAxis[];
}

/**
 * The axes of a layout in memory order, with neighbouring axes merged where one loop can run over
 * both.
 *
 * One pass in memory order then knows the group of every element without a transposed copy. For
 * batch normalization of [N, C, H, W], from the slowest axis to the fastest:
 *
 *     N    groupStep 0: the same groups again
 *     C    groupStep 1: the next group
 *     H·W  groupStep 0: the same group
 *
 * Throws a RangeError if the layout does not cover a dense tensor.
 */
export function memoryAxes(l: GroupLayout): MemoryAxes {
  const axes = [
    { size: l.groupOuter, stride: l.groupOuterStride, groupStep: l.groupInner },
    { size: l.groupInner, stride: l.groupInnerStride, groupStep: 1 },
    { size: l.outer, stride: l.outerStride, groupStep: 0 },
    { size: l.inner, stride: l.innerStride, groupStep: 0 },
  ]
    .filter((axis) => axis.size !== 1)
    .sort((a, b) => a.stride - b.stride);

  const merged: { size: number; groupStep: number }[] = [];
  let dense = 1;
  for (const { size, stride, groupStep } of axes) {
    if (stride !== dense)
      throw new RangeError(`the layout has a gap: expected stride ${dense}, got ${stride}`);
    dense *= size;
    const faster = merged[0];
    if (faster && groupStep === faster.groupStep * faster.size) faster.size *= size;
    else merged.unshift({ size, groupStep });
  }
  const fastest = merged.pop() ?? { size: 1, groupStep: 0 };
  return { fastest, slower: merged };
}
