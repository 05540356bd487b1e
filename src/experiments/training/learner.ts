import type { Random } from "../../base/random.js";
import { sizeOf, type Tensor } from "../../base/tensor.js";
import type { Traced } from "../../engine/lang/index.js";
import { initialBuffers, initialValues, type Network } from "../../nn/network.js";
import type { Optimizer } from "../../nn/optimizers/index.js";

/**
 * A network and its optimizer. The state holds the parameters, then the buffers, then each slot of
 * the optimizer.
 */
export interface Learner {
  readonly network: Network;
  readonly optimizer: Optimizer;
}

/** The names of the tensors of the state. */
export function stateNames({ network, optimizer }: Learner): string[] {
  return [
    ...network.parameters.map(({ name }) => `parameter.${name}`),
    ...network.buffers.map(({ name }) => `buffer.${name}`),
    ...optimizer.slots.flatMap((slot) => network.parameters.map(({ name }) => `${slot}.${name}`)),
  ];
}

/** The state before the first step: initial parameters and buffers, and slots of zeros. */
export function initialState({ network, optimizer }: Learner, random: Random): Tensor[] {
  const parameters = initialValues(network, random);
  const zeros = (): Tensor[] =>
    network.parameters.map(({ shape }) => ({
      dtype: "float32",
      shape,
      data: new Float32Array(sizeOf(shape)),
    }));
  return [...parameters, ...initialBuffers(network), ...optimizer.slots.flatMap(zeros)];
}

/** Splits a learner's state, as tensors or as traced values, into its parts. */
export function splitState<T>({ parameters, buffers }: Network, state: readonly T[]) {
  const trained = parameters.length;
  return {
    parameters: state.slice(0, trained),
    buffers: state.slice(trained, trained + buffers.length),
    slots: state.slice(trained + buffers.length),
  };
}

/** The state after the optimizer's step along `gradients`, with the buffers of the pass. */
export function nextState(
  { network, optimizer }: Learner,
  state: readonly Traced[],
  { gradients, buffers }: { readonly gradients: readonly Traced[]; readonly buffers: readonly Traced[] },
  coefficients: readonly Traced[],
): Traced[] {
  const { parameters, slots } = splitState(network, state);
  const updated = parameters.map((parameter, i) => {
    const own = optimizer.slots.map((_, slot) => slots[slot * parameters.length + i]);
    return optimizer.update(parameter, gradients[i], own, coefficients);
  });
  return [
    ...updated.map(({ parameter }) => parameter),
    ...buffers,
    ...optimizer.slots.flatMap((_, slot) => updated.map(({ slots }) => slots[slot])),
  ];
}
