import { abs, add, div, max, mul, sub } from "../../engine/lang/index.js";
import type { AdamOptions } from "./adam.js";
import { withDecay } from "./decay.js";
import type { Optimizer } from "./optimizer.js";

/**
 * Makes the update rule of Adamax. In step t, for a weight w with gradient g:
 *
 *     m ← β₁m + (1 − β₁)g
 *     u ← max(β₂u, |g| + ε)
 *     w ← w − rate/(1 − β₁ᵗ) · m/u
 *
 * Source: Kingma and Ba 2015 (arXiv 1412.6980), algorithm 2. The paper has no ε; here ε stands
 * where torch.optim.Adamax has it.
 *
 * @param options - Learning rate, weight decay, β₁, β₂ and ε.
 * @returns The optimizer.
 *
 * @example
 * ```ts
 * import { adamax } from "blindspot/nn";
 *
 * const optimizer = adamax({ rate: 1e-3 });
 * console.log(optimizer.coefficients(1)); // [rate/(1 − β₁)]
 * ```
 */
export function adamax({
  rate,
  weightDecay = 0,
  betas: [b1, b2] = [0.9, 0.999],
  epsilon = 1e-8,
}: AdamOptions): Optimizer {
  return {
    slots: ["first_moment", "largest"],
    coefficients: (step) => [rate / (1 - b1 ** step)],
    update: (parameter, gradient, [first, largest], [scale]) => {
      const g = withDecay(gradient, parameter, weightDecay);
      const m = add(mul(first, b1), mul(g, 1 - b1));
      const u = max(mul(largest, b2), add(abs(g), epsilon));
      return { parameter: sub(parameter, mul(div(m, u), scale)), slots: [m, u] };
    },
  };
}
