import { noAffine } from "./affine.js";
import type { Norm } from "./norm.js";

/** No normalization: y = x. */
export function noNorm(): Norm {
  return {
    title: "none",
    normalizes: "features",
    epsilon: 0,
    state: () => [],
    standardize: (x) => x,
    ...noAffine,
    operator: null,
    blocks: () => null,
  };
}
