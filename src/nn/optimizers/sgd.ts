import { add, mul, sub } from "../../engine/lang/index.js";
import { withDecay } from "./decay.js";
import type { Optimizer, OptimizerOptions } from "./optimizer.js";

/** Settings of stochastic gradient descent. */
export interface SgdOptions extends OptimizerOptions {
  /** Factor m of the velocity of the step before. Default 0. */
  readonly momentum?: number;
}

/**
 * Makes the update rule of stochastic gradient descent with momentum. For a weight w with
 * gradient g:
 *
 *     v ← m·v + g + λw
 *     w ← w − rate·v
 *
 * Source: torch.optim.SGD, without dampening and without Nesterov's variant.
 *
 * @param options - Learning rate, weight decay λ and momentum m.
 * @returns The optimizer.
 *
 * @example
 * ```ts
 * import { sgd } from "blindspot/nn";
 *
 * const optimizer = sgd({ rate: 0.1, momentum: 0.9, weightDecay: 5e-4 });
 * console.log(optimizer.slots); // momentum
 * ```
 */
export function sgd({ rate, weightDecay = 0, momentum = 0 }: SgdOptions): Optimizer {
  return {
    slots: momentum === 0 ? [] : ["momentum"],
    coefficients: () => [rate],
    update: (parameter, gradient, [velocity], [rate]) => {
      const decayed = withDecay(gradient, parameter, weightDecay);
      const next = velocity ? add(mul(velocity, momentum), decayed) : decayed;
      return { parameter: sub(parameter, mul(next, rate)), slots: velocity ? [next] : [] };
    },
  };
}
