import { instanceNormLayout } from "../../theory/index.js";
import { channelAffine } from "./affine.js";
import { axesFrom, moments, standardizeBy } from "./moments.js";
import type { Norm, NormOptions } from "./norm.js";
import { instanceOperator } from "./operators.js";

/**
 * Instance normalization: y = (x − μ)/√(v + ε), with mean and variance per sample and channel, over
 * all positions. Blocks 1 and y of each (sample, channel): a gradient that is equal at all
 * positions, as below a global average pool, is blocked entirely. It keeps no running statistics,
 * as PyTorch's default. Source: Ulyanov, Vedaldi and Lempitsky 2016 (arXiv 1607.08022);
 * torch.nn.InstanceNorm2d.
 */
export function instanceNorm({ epsilon = 1e-5 }: NormOptions = {}): Norm {
  return {
    title: "instance norm",
    normalizes: "features",
    epsilon,
    state: () => [],
    standardize: (x) => standardizeBy(x, moments(x, axesFrom(x, 2)), epsilon),
    ...channelAffine,
    operator: instanceOperator(epsilon),
    blocks: (shape) => ({ layout: instanceNormLayout(shape), ones: true, y: true }),
  };
}
