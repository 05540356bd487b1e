import { layerNormLayout } from "../../theory/index.js";
import { sampleAffine } from "./affine.js";
import { axesFrom, moments, standardizeBy } from "./moments.js";
import type { Norm, NormOptions } from "./norm.js";
import { layerOperator } from "./operators.js";

/**
 * Layer normalization: y = (x − μ)/√(v + ε), with mean and variance per sample, over all its
 * features. Blocks 1 and y of each sample. A gradient that all samples share passes, minus its mean
 * over the features. Source: Ba, Kiros and Hinton 2016 (arXiv 1607.06450);
 * torch.nn.LayerNorm(shape[1:]).
 */
export function layerNorm({ epsilon = 1e-5 }: NormOptions = {}): Norm {
  return {
    title: "layer norm",
    normalizes: "features",
    epsilon,
    state: () => [],
    standardize: (x) => standardizeBy(x, moments(x, axesFrom(x, 1)), epsilon),
    ...sampleAffine,
    operator: layerOperator(epsilon),
    blocks: (shape) => ({ layout: layerNormLayout(shape, 1), ones: true, y: true }),
  };
}
