import { max, type Traced } from "../../engine/lang/index.js";
import { instanceNormLayout } from "../../theory/index.js";
import { channelAffine } from "./affine.js";
import { axesFrom, divideByRootMeanSquare, perChannel } from "./moments.js";
import type { Norm, NormOptions } from "./norm.js";

/**
 * Filter response normalization: per sample and channel, divided by the root mean square over positions. Blocks y
 * alone. Source: Singh and Krishnan 2020, section 3.
 */
export function filterResponseNorm({ epsilon = 1e-6 }: NormOptions = {}): Norm {
  return {
    title: "filter response norm",
    normalizes: "features",
    epsilon,
    state: () => [],
    standardize: (x) => divideByRootMeanSquare(x, axesFrom(x, 2), epsilon),
    ...channelAffine,
    blocks: (shape) => ({ layout: instanceNormLayout(shape), ones: false, y: true }),
  };
}

/** The activation that belongs to it: max(z, τ) with one learned threshold τ per channel. */
export const thresholdedLinear = (z: Traced, threshold: Traced): Traced => max(z, perChannel(threshold, z));
