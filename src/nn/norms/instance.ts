import { instanceNormLayout } from "../../theory/index.js";
import { channelAffine } from "./affine.js";
import { axesFrom, moments, standardizeBy } from "./moments.js";
import type { Norm, NormOptions } from "./norm.js";
import { instanceOperator } from "./operators.js";

/**
 * Instance normalization: per sample and channel, over positions. Blocks 1 and y of every (sample, channel), so a
 * gradient that is the same at all positions (below a global average pool) is blocked entirely. No running
 * statistics, as by default in PyTorch. Source: Ulyanov, Vedaldi and Lempitsky 2016; torch.nn.InstanceNorm2d.
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
