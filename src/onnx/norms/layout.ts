import { sizeOf } from "../../base/tensor.js";
import {
  batchNormLayout,
  channelLayerNormLayout,
  type GroupLayout,
  groupNormLayout,
  instanceNormLayout,
  layerNormLayout,
} from "../../theory/layout.js";
import { reducedAxes, type StatisticsAxes } from "./statistics.js";

/**
 * The place of each group in the elements of x.
 *
 * @param statistics - The axes that mean and variance are taken over.
 * @param shape - Shape of x, [N, C, …].
 * @returns The layout, or null for axes that no layout describes.
 */
export function layoutOf(statistics: StatisticsAxes, shape: readonly number[]): GroupLayout | null {
  const rank = shape.length;
  if (statistics.over === "batch") return batchNormLayout(shape);
  if (statistics.over === "positions") return instanceNormLayout(shape);
  if (statistics.over === "groups") return groupNormLayout(shape, statistics.groups);
  const axes = reducedAxes(statistics, rank);
  const first = axes[0];
  if (first !== undefined && axes.every((a, i) => a === first + i) && axes.at(-1) === rank - 1)
    return layerNormLayout(shape, first);
  if (axes.join() === "1") return channelLayerNormLayout(shape);
  if (axes.join() === reducedAxes({ over: "batch" }, rank).join()) return batchNormLayout(shape);
  // Statistics over the first axes, as for channels last: each place on the others is a group.
  if (axes.length > 0 && axes.every((axis, i) => axis === i))
    return batchNormLayout([sizeOf(shape.slice(0, axes.length)), sizeOf(shape.slice(axes.length))]);
  return null;
}
