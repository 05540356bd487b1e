import { mean, mul, slice, square, sub, sum, type Traced } from "../../engine/lang/index.js";
import { linear, relu } from "../../nn/layers.js";
import { chain, type Network, network } from "../../nn/network.js";
import { normLayer } from "../../nn/norm-layer.js";
import type { NormName, NormOptions } from "../../nn/norms/index.js";

/** Widths of the layers. */
export interface Sizes {
  readonly inputs: number;
  readonly hidden: number;
  readonly outputs: number;
}

/**
 * Two linear layers with a ReLU between them, then `norm`. The loss takes the output of the norm.
 */
export function blockedNetwork(
  { inputs, hidden, outputs }: Sizes,
  norm: NormName,
  options: NormOptions = {},
): Network {
  return network((registry) =>
    chain(
      linear(registry, "fc1", { inputs, outputs: hidden }),
      relu,
      linear(registry, "fc2", { inputs: hidden, outputs }),
      normLayer(norm, options)(registry, "norm", [outputs]),
    ),
  );
}

/**
 * The mean over the samples of ½ Σ_d h_d (z_d − t_d)². All samples share this formula, and its
 * Hessian is diagonal, so Theorems 1 and 2 say that batch norm blocks everything but the ε leak.
 *
 * @param z outputs of the norm, [N, D].
 * @param formula [2, D]: the curvatures h, then the targets t.
 */
export function sharedQuadratic(z: Traced, formula: Traced): Traced {
  const size = formula.shape[1];
  const row = (i: number) =>
    slice(formula, [
      [i, i + 1],
      [0, size],
    ]);
  return mean(sum(mul(mul(square(sub(z, row(1))), row(0)), 0.5), [1]));
}
