import { UserError } from "../../base/errors.js";
import { reshape } from "../../engine/lang/index.js";
import { groupNormLayout } from "../../theory/index.js";
import { channelAffine } from "./affine.js";
import { axesFrom, moments, standardizeBy } from "./moments.js";
import type { Norm, NormOptions } from "./norm.js";
import { groupOperator } from "./operators.js";

/**
 * Group normalization: y = (x − μ)/√(v + ε), with mean and variance per sample and group of
 * C/groups neighbouring channels, over all positions. Blocks 1 and y of each (sample, group).
 * Source: Wu and He 2018 (arXiv 1803.08494); torch.nn.GroupNorm.
 */
export function groupNorm(groups: number, { epsilon = 1e-5 }: NormOptions = {}): Norm {
  return {
    title: `group norm in ${groups}`,
    normalizes: "features",
    epsilon,
    state: () => [],
    standardize: (x) => {
      check(x.shape, groups);
      const [batch, channels, ...positions] = x.shape as [number, number, ...number[]];
      const parts = reshape(x, [batch, groups, channels / groups, ...positions]);
      return reshape(standardizeBy(parts, moments(parts, axesFrom(parts, 2)), epsilon), x.shape);
    },
    ...channelAffine,
    operator: groupOperator(groups, epsilon),
    blocks: (shape) => {
      check(shape, groups);
      return { layout: groupNormLayout(shape, groups), ones: true, y: true };
    },
  };
}

function check([, channels]: readonly number[], groups: number): void {
  if (channels % groups !== 0)
    throw new UserError(
      `group norm: expected a number of channels that is a multiple of ${groups}, got ${channels}; ` +
        "change the number of groups",
    );
}
