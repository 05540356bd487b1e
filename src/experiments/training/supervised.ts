import type { Traced } from "../../engine/lang/index.js";
import { initialState, type Learner, nextState, splitState, stateNames } from "./learner.js";
import type { Procedure } from "./procedure.js";

/** A network, its optimizer and its loss. */
export interface Objective extends Learner {
  /** The loss, a scalar, of the network's output and the targets of a batch. */
  readonly loss: (output: Traced, target: Traced) => Traced;
}

/**
 * Training on batches of inputs and targets. Inputs without targets are their own targets, as in an
 * autoencoder.
 */
export function supervised({ loss, ...learner }: Objective): Procedure {
  const { network, optimizer } = learner;
  return {
    names: stateNames(learner),
    initial: (random) => initialState(learner, random),
    coefficients: optimizer.coefficients,
    step: ({ state, coefficients, batch: [x, target = x], valueAndGrad }) => {
      const { parameters, buffers } = splitState(network, state);
      const { value, aux, grads } = valueAndGrad((values, probe) => {
        const { output, buffers: after } = network.train(values, buffers, x, probe());
        return { value: loss(output, target), aux: after };
      }, parameters);
      return {
        state: nextState(learner, state, { gradients: grads, buffers: aux }, coefficients),
        losses: { loss: value },
      };
    },
  };
}
