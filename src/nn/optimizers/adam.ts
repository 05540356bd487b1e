import { add, div, mul, sqrt, square, sub } from "../../engine/lang/index.js";
import { withDecay } from "./decay.js";
import type { Optimizer, OptimizerOptions } from "./optimizer.js";

export interface AdamOptions extends OptimizerOptions {
  /** Decay rates of the two moments. Default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  readonly epsilon?: number;
}

/**
 * Adam: m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← w − rate/(1−β₁ᵗ) · m/(√v/√(1−β₂ᵗ) + ε).
 * Source: Kingma and Ba 2015, algorithm 1; torch.optim.Adam.
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
