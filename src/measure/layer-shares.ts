import type { Tensor } from "../base/tensor.js";
import type { OpenedLayer } from "../onnx/index.js";
import { type BlockedShares, blockedShares, groupSize, sharesFromSums } from "../theory/index.js";
import { groupSums, isDoubtful } from "./group-sums.js";
import type { FeatureResults } from "./measuring-function.js";

/** The blocked shares of a layer from what the measuring graph returned for it. */
export function layerShares(
  { layout, centred }: OpenedLayer,
  at: FeatureResults,
  results: readonly Tensor[],
): BlockedShares {
  const floats = (index: number) => results[index].data as Float32Array | Float64Array;
  return "sums" in at
    ? sharesFromSums(groupSums(results[at.sums]), groupSize(layout), { centred })
    : blockedShares(floats(at.y), floats(at.cotangent), layout, { centred });
}

/** Whether what the graph returned tells the shares of a layer; else it takes y and G in full. */
export const sharesAreSure = (
  { layout }: OpenedLayer,
  at: FeatureResults,
  results: readonly Tensor[],
): boolean => !("sums" in at) || !isDoubtful(groupSums(results[at.sums]), groupSize(layout));
