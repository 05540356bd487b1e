import type { GroupLayout } from "./layout.js";

/** One axis of a tensor seen in memory order: `size` steps, each of which moves `groupStep` groups on. */
export interface MemoryAxis {
  readonly size: number;
  /** 0 where a step stays within its group. */
  readonly groupStep: number;
}

/**
 * The axes of a layout from the slowest to the fastest in memory, neighbours merged where one loop can run
 * over both. So [N, C, H, W] under batch normalization is N (same groups again), C (next group), H·W (same
 * group), and one pass in memory order knows the group of every element without a transposed copy.
 *
 * Throws a RangeError if the layout does not cover a dense tensor.
 */
export function memoryAxes(l: GroupLayout): MemoryAxis[] {
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
    if (stride !== dense) throw new RangeError(`layout has a gap: stride ${stride} where ${dense} is dense`);
    dense *= size;
    const faster = merged[0];
    if (faster && groupStep === faster.groupStep * faster.size) faster.size *= size;
    else merged.unshift({ size, groupStep });
  }
  return merged.length > 0 ? merged : [{ size: 1, groupStep: 0 }];
}
