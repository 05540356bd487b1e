import { layerNormLayout } from "../../theory/index.js";
import { noAffine } from "./affine.js";
import { axesFrom, moments, standardizeBy } from "./moments.js";
import type { Norm, NormOptions } from "./norm.js";

/**
 * Weight standardization: ŵ = (w − μ)/√(v + ε), with mean and variance per filter of w,
 * [outputs, inputs, …]. Of the gradient of features it blocks nothing; of the gradient of ŵ, 1 and
 * ŵ of each filter. Source: Qiao et al. 2019 (arXiv 1903.10520), equations 5 to 7.
 */
export function weightStandardization({ epsilon = 1e-5 }: NormOptions = {}): Norm {
  return {
    title: "weight standardization",
    normalizes: "weights",
    epsilon,
    state: () => [],
    standardize: (w) => standardizeBy(w, moments(w, axesFrom(w, 1)), epsilon),
    ...noAffine,
    operator: null,
    blocks: (shape) => ({ layout: layerNormLayout(shape, 1), ones: true, y: true }),
  };
}
