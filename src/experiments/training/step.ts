import type { Random } from "../../datasets/random.js";
import type { TracedFunction } from "../../engine/index.js";
import { type Traced, valueAndGrad } from "../../engine/lang/index.js";
import { initialBuffers, initialValues, type Network } from "../../nn/network.js";
import type { Optimizer } from "../../nn/optimizers/index.js";
import { sizeOf, type Tensor } from "../../tensor.js";

/** What is trained and how. */
export interface Objective {
  readonly network: Network;
  readonly optimizer: Optimizer;
  /** The scalar loss of the network's output against the targets of a batch. */
  readonly loss: (output: Traced, target: Traced) => Traced;
}

/** All that a training step changes: parameters, then buffers, then the optimizer's slots, slot by slot. */
export type TrainingState = readonly Tensor[];

/** A name for every tensor of the state, in its order. */
export function stateNames({ network, optimizer }: Objective): string[] {
  return [
    ...network.parameters.map(({ name }) => `parameter.${name}`),
    ...network.buffers.map(({ name }) => `buffer.${name}`),
    ...optimizer.slots.flatMap((slot) => network.parameters.map(({ name }) => `${slot}.${name}`)),
  ];
}

export function initialState({ network, optimizer }: Objective, random: Random): TrainingState {
  const parameters = initialValues(network, random);
  const zeros = (): Tensor[] =>
    network.parameters.map(({ shape }) => ({
      dtype: "float32",
      shape,
      data: new Float32Array(sizeOf(shape)),
    }));
  return [...parameters, ...initialBuffers(network), ...optimizer.slots.flatMap(zeros)];
}

/** The parameters and buffers of a network within a state or its traced counterpart. */
export function splitState<T>({ parameters, buffers }: Network, state: readonly T[]) {
  const trained = parameters.length;
  return {
    parameters: state.slice(0, trained),
    buffers: state.slice(trained, trained + buffers.length),
    slots: state.slice(trained + buffers.length),
  };
}

/** The optimizer's coefficients of a step (from 1 on) as inputs of the compiled step. */
export const coefficientTensors = (optimizer: Optimizer, step: number): Tensor[] =>
  optimizer
    .coefficients(step)
    .map((value) => ({ dtype: "float32", shape: [], data: Float32Array.of(value) }));

/** One whole step: (state, coefficients, x, target) to (loss, state after it). */
export function trainingStep({ network, optimizer, loss }: Objective): TracedFunction {
  return (...args) => {
    const [x, target] = args.slice(-2) as [Traced, Traced];
    const scalars = args.slice(-2 - optimizer.coefficients(1).length, -2);
    const { parameters, buffers, slots } = splitState(network, args.slice(0, -2 - scalars.length));
    const { value, aux, grads } = valueAndGrad((...values) => {
      const { output, buffers: after } = network.train(values, buffers, x);
      return { value: loss(output, target), aux: after };
    }, parameters);
    const updated = parameters.map((parameter, i) => {
      const own = optimizer.slots.map((_, slot) => slots[slot * parameters.length + i]!);
      return optimizer.update(parameter, grads[i]!, own, scalars);
    });
    return [
      value,
      ...updated.map(({ parameter }) => parameter),
      ...aux,
      ...optimizer.slots.flatMap((_, slot) => updated.map(({ slots }) => slots[slot]!)),
    ];
  };
}
