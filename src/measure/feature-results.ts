import type { Tensor } from "../base/tensor.js";
import {
  type BlockedShares,
  blockedShares,
  type GroupLayout,
  groupSize,
  sharesFromSums,
} from "../theory/index.js";
import { groupSums, isDoubtful } from "./group-sums.js";

/**
 * What a program returns of the features of one layer: y and G in full, or their sums per channel.
 */
export type FeatureResults = { readonly y: Tensor; readonly cotangent: Tensor } | { readonly sums: Tensor };

interface Groups {
  readonly layout: GroupLayout;
  /** Whether the normalization subtracts a mean. */
  readonly centred: boolean;
}

/** The blocked shares of a layer, in float64, from the results of a program. */
export function sharesFromResults({ layout, centred }: Groups, results: FeatureResults): BlockedShares {
  if ("sums" in results) return sharesFromSums(groupSums(results.sums), groupSize(layout), { centred });
  return blockedShares(floats(results.y), floats(results.cotangent), layout, { centred });
}

/** Whether the results determine the shares. If not, the program must return y and G in full. */
export const determineShares = ({ layout }: Groups, results: FeatureResults): boolean =>
  !("sums" in results) || !isDoubtful(groupSums(results.sums), groupSize(layout));

const floats = ({ data }: Tensor) => data as Float32Array | Float64Array;
