import { max, type Traced } from "../../engine/lang/index.js";
import { instanceNormLayout } from "../../theory/index.js";
import { channelAffine } from "./affine.js";
import { axesFrom, divideByRootMeanSquare, perChannel } from "./moments.js";
import type { Norm, NormOptions } from "./norm.js";

/**
 * Filter response normalization: y = x/√(mean(x²) + ε), with the mean over the positions of each
 * sample and channel. Blocks y alone.
 * Source: Singh and Krishnan 2020 (arXiv 1911.09737).
 */
export function filterResponseNorm({ epsilon = 1e-6 }: NormOptions = {}): Norm {
  return {
    title: "filter response norm",
    normalizes: "features",
    epsilon,
    state: () => [],
    standardize: (x) => divideByRootMeanSquare(x, axesFrom(x, 2), epsilon),
    ...channelAffine,
    operator: null,
    blocks: (shape) => ({ layout: instanceNormLayout(shape), ones: false, y: true }),
  };
}

/**
 * Thresholded linear unit, the activation that belongs to filter response normalization:
 * max(z, τ_c), with a trained threshold τ per channel.
 * Source: Singh and Krishnan 2020 (arXiv 1911.09737).
 *
 * @param z - Output of the norm, [N, C, …].
 * @param threshold - One threshold per channel, [C].
 * @returns The activation, of the shape of z.
 *
 * @example
 * ```ts
 * import { constantValue, network, thresholdedLinear } from "blindspot/nn";
 *
 * const net = network((registry) => {
 *   const threshold = registry.add("threshold", [8], constantValue(0));
 *   return (pass, z) => thresholdedLinear(z, threshold(pass));
 * });
 * ```
 */
export const thresholdedLinear = (z: Traced, threshold: Traced): Traced => max(z, perChannel(threshold, z));
