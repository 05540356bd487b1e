import { layerNormLayout } from "../../theory/index.js";
import { sampleScale } from "./affine.js";
import { axesFrom, divideByRootMeanSquare } from "./moments.js";
import type { Norm, NormOptions } from "./norm.js";
import { rmsOperator } from "./operators.js";

/** Distance from 1 to the next float32: PyTorch's default ε for RMS normalization. */
const FLOAT32_EPSILON = 2 ** -23;

/**
 * RMS normalization: y = x/√(mean(x²) + ε), with the mean over the features of each sample. Blocks
 * y alone, since it subtracts no mean.
 * Source: Zhang and Sennrich 2019 (arXiv 1910.07467); torch.nn.RMSNorm(shape[1:]).
 */
export function rmsNorm({ epsilon = FLOAT32_EPSILON }: NormOptions = {}): Norm {
  return {
    title: "RMS norm",
    normalizes: "features",
    epsilon,
    state: () => [],
    standardize: (x) => divideByRootMeanSquare(x, axesFrom(x, 1), epsilon),
    ...sampleScale,
    operator: rmsOperator(epsilon),
    blocks: (shape) => ({ layout: layerNormLayout(shape, 1), ones: false, y: true }),
  };
}
