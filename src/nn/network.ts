import type { Random } from "../datasets/random.js";
import type { Traced } from "../engine/lang/index.js";
import { sizeOf, type Tensor } from "../tensor.js";

/** How a parameter starts: PyTorch's defaults. */
export type Initializer = (random: Random, data: Float32Array) => void;

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initialize: Initializer;
}

/** Values of a network's parameters, in the order of its `parameters`. */
export type ParameterValues = readonly Traced[];

/** A layer: the value of its output, given the values of all parameters of the network. */
export type LayerFunction = (values: ParameterValues, x: Traced) => Traced;

/** A network: named parameters and a function of their values, written in the tensor language. */
export interface Network {
  readonly parameters: readonly Parameter[];
  readonly forward: LayerFunction;
}

/** Collects the parameters of a network while its layers are made. */
export class Registry {
  readonly parameters: Parameter[] = [];

  /** Adds a parameter and returns the reader of its value. */
  add(name: string, shape: readonly number[], initialize: Initializer): (values: ParameterValues) => Traced {
    const index = this.parameters.push({ name, shape, initialize }) - 1;
    return (values) => values[index]!;
  }
}

/** The network that `build` describes. */
export function network(build: (registry: Registry) => LayerFunction): Network {
  const registry = new Registry();
  const forward = build(registry);
  return { parameters: registry.parameters, forward };
}

/** Fresh values for all parameters. */
export function initialValues({ parameters }: Network, random: Random): Tensor[] {
  return parameters.map(({ shape, initialize }) => {
    const data = new Float32Array(sizeOf(shape));
    initialize(random, data);
    return { dtype: "float32", shape, data };
  });
}

/** Layers one after another. */
export const chain =
  (...layers: readonly LayerFunction[]): LayerFunction =>
  (values, x) =>
    layers.reduce((value, layer) => layer(values, value), x);
