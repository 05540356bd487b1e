import { add, div, mul, sqrt, square, sub } from "../../engine/lang/index.js";
import { withDecay } from "./decay.js";
import type { Optimizer, OptimizerOptions } from "./optimizer.js";

/** Settings of Adam and Adamax. */
export interface AdamOptions extends OptimizerOptions {
  /** Decay rates β₁ and β₂ of the two running means. Default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** Constant ε that keeps the divisor above 0. Default 1e-8. */
  readonly epsilon?: number;
}

/**
 * Makes the update rule of Adam. In step t, for a weight w with gradient g:
 *
 *     m ← β₁m + (1 − β₁)g
 *     v ← β₂v + (1 − β₂)g²
 *     w ← w − rate/(1 − β₁ᵗ) · m/(√v/√(1 − β₂ᵗ) + ε)
 *
 * Source: Kingma and Ba 2015 (arXiv 1412.6980), algorithm 1; the same as torch.optim.Adam.
 *
 * @param options - Learning rate, weight decay, β₁, β₂ and ε.
 * @returns The optimizer.
 *
 * @example
 * ```ts
 * import { adam } from "blindspot/nn";
 *
 * const optimizer = adam({ rate: 1e-3 });
 * console.log(optimizer.slots); // first_moment, second_moment
 * ```
 */
export function adam({
  rate,
  weightDecay = 0,
  betas: [b1, b2] = [0.9, 0.999],
  epsilon = 1e-8,
}: AdamOptions): Optimizer {
  return {
    slots: ["first_moment", "second_moment"],
    coefficients: (step) => [rate / (1 - b1 ** step), 1 / Math.sqrt(1 - b2 ** step)],
    update: (parameter, gradient, [first, second], [scale, correction]) => {
      const g = withDecay(gradient, parameter, weightDecay);
      const m = add(mul(first, b1), mul(g, 1 - b1));
      const v = add(mul(second, b2), mul(square(g), 1 - b2));
      const divisor = add(mul(sqrt(v), correction), epsilon);
      return { parameter: sub(parameter, mul(div(m, divisor), scale)), slots: [m, v] };
    },
  };
}
