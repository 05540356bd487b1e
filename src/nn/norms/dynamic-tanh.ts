import { mul, tanh } from "../../engine/lang/index.js";
import { channelAffine } from "./affine.js";
import type { Norm } from "./norm.js";

/**
 * Dynamic tanh: y = tanh(α·x), with one trained α that starts from ½; then γ and β per channel. It
 * takes no statistics, so nothing is blocked.
 * Source: Zhu et al. 2025 (Transformers without normalization, arXiv 2503.10622).
 */
export function dynamicTanh(): Norm {
  return {
    title: "dynamic tanh",
    normalizes: "features",
    epsilon: 0,
    state: () => [{ name: "alpha", shape: [], initial: 0.5, trainable: true }],
    standardize: (x, [alpha]) => tanh(mul(x, alpha)),
    ...channelAffine,
    operator: null,
    blocks: () => null,
  };
}
