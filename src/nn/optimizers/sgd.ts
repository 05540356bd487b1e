import { add, mul, sub } from "../../engine/lang/index.js";
import { withDecay } from "./decay.js";
import type { Optimizer, OptimizerOptions } from "./optimizer.js";

/**
 * Stochastic gradient descent with momentum: v ← m·v + g + λw, w ← w − rate·v.
 * Source: torch.optim.SGD without dampening and Nesterov's variant.
 */
export function sgd({
  rate,
  weightDecay = 0,
  momentum = 0,
}: OptimizerOptions & { readonly momentum?: number }): Optimizer {
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
