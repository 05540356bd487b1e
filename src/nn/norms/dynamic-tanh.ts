import { mul, tanh } from "../../engine/lang/index.js";
import { channelAffine } from "./affine.js";
import type { Norm } from "./norm.js";

/**
 * Dynamic tanh: y = tanh(α·x) with one learned α, then γ and β per channel. No statistics, so nothing is blocked.
 * Source: Zhu et al. 2025 (Transformers without normalization), section 4; α starts at ½ as there.
 */
export function dynamicTanh(): Norm {
  return {
    title: "dynamic tanh",
    normalizes: "features",
    epsilon: 0,
    state: () => [{ name: "alpha", shape: [], initial: 0.5, trainable: true }],
    standardize: (x, [alpha]) => tanh(mul(x, alpha)),
    ...channelAffine,
    blocks: () => null,
  };
}
