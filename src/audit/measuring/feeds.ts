import type { Tensor } from "../../base/tensor.js";
import type { Traced } from "../../engine/lang/index.js";
import type { OpenedModel } from "../../onnx/index.js";

/** The tensors that a model and its loss run on. */
export interface Feeds {
  /** The stored weights, in the order of `OpenedModel.params`. */
  readonly params: readonly Tensor[];
  /** The inputs of the batch, in the order of `OpenedModel.inputs`. */
  readonly inputs: readonly Tensor[];
  /** The target of the loss; empty if the loss has none. */
  readonly target: readonly Tensor[];
}

/** The arguments of a traced function of an opened model: stored weights, inputs, then the rest. */
export interface ModelArguments {
  readonly params: readonly Traced[];
  /** The inputs by their ONNX names. */
  readonly inputs: ReadonlyMap<string, Traced>;
  /** The arguments after the inputs: the target if the loss has one, and others. */
  readonly rest: readonly Traced[];
}

/** Splits the arguments of a traced function that take `Feeds` in order. */
export function splitArguments(opened: OpenedModel, args: readonly Traced[]): ModelArguments {
  const { length } = opened.params;
  return {
    params: args.slice(0, length),
    inputs: new Map(opened.inputs.map(({ name }, i) => [name, args[length + i]])),
    rest: args.slice(length + opened.inputs.length),
  };
}

/** Some of an opened model's stored weights, which a function is differentiated by. */
export interface ChosenWeights {
  readonly values: readonly Traced[];
  /** All stored weights, with others in place of the chosen ones. */
  replaced(weights: readonly Traced[]): Traced[];
}

/** The stored weights with these names among `params`. */
export function chooseWeights(
  opened: OpenedModel,
  params: readonly Traced[],
  names: Iterable<string>,
): ChosenWeights {
  const positions = [...names].map((name) => opened.params.findIndex((weight) => weight.name === name));
  return {
    values: positions.map((position) => params[position]),
    replaced(weights) {
      const all = params.slice();
      for (const [i, position] of positions.entries()) all[position] = weights[i];
      return all;
    },
  };
}
