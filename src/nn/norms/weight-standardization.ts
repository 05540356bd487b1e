import { layerNormLayout } from "../../theory/index.js";
import { noAffine } from "./affine.js";
import { axesFrom, moments, standardizeBy } from "./moments.js";
import type { Norm, NormOptions } from "./norm.js";

/**
 * Weight standardization: each filter of w [O, I, …] is centred and divided by its standard deviation. Blocks nothing
 * in feature space; in the space of weights, 1 and the standardized filter itself.
 * Source: Qiao et al. 2019, equations 5 to 7.
 */
export function weightStandardization({ epsilon = 1e-5 }: NormOptions = {}): Norm {
  return {
    title: "weight standardization",
    normalizes: "weights",
    epsilon,
    state: () => [],
    standardize: (w) => standardizeBy(w, moments(w, axesFrom(w, 1)), epsilon),
    ...noAffine,
    blocks: (shape) => ({ layout: layerNormLayout(shape, 1), ones: true, y: true }),
  };
}
