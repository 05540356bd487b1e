import type { Random } from "../base/random.js";
import { sizeOf, type Tensor } from "../base/tensor.js";
import { full, type Traced } from "../engine/lang/index.js";
import type { Norm, PassMode } from "./norms/norm.js";
import type { Probe } from "./probe.js";

/**
 * Fills `data` with the first values of a parameter. `earlier` returns the first values of a
 * parameter that was added before this one, for parameters that depend on another.
 */
export type Initializer = (
  random: Random,
  data: Float32Array,
  earlier: (name: string) => Float32Array,
) => void;

/** A named tensor of a network that training learns. */
export interface Parameter {
  /** Path of the parameter, such as `conv1.weight`. */
  readonly name: string;
  /** Sizes of its axes. */
  readonly shape: readonly number[];
  /** Fills in its first values. */
  readonly initialize: Initializer;
}

/** A named tensor that forward passes update and gradients do not, such as a running mean. */
export interface NetworkBuffer {
  /** Path of the buffer, such as `norm1.running_mean`. */
  readonly name: string;
  /** Sizes of its axes. */
  readonly shape: readonly number[];
  /** First value of every element. */
  readonly initial: number;
}

/** One forward pass: the values that layers read, and the buffers they leave to the next pass. */
export interface Pass {
  /** Whether norms use the statistics of the batch (training) or running statistics. */
  readonly training: boolean;
  /** Values of the parameters, in the order of `Network.parameters`. */
  readonly parameters: readonly Traced[];
  /** Values of the buffers before this pass, in the order of `Network.buffers`. */
  readonly buffers: readonly Traced[];
  /** Buffers after this pass. Starts as a copy of `buffers`; each layer replaces its own. */
  readonly nextBuffers: Traced[];
  /** Called at every normalization layer; may give another output for it. */
  readonly replaceNorm?: ReplaceNorm;
  /** Observes the layers of a training pass. */
  readonly probe?: Probe;
}

/** A normalization layer about to be applied in a pass. */
export interface NormCall {
  /** Path of the layer, the prefix of its parameters' names. */
  readonly name: string;
  /** The normalization that the layer applies. */
  readonly norm: Norm;
  /** Input of the layer, [N, C, …]. */
  readonly x: Traced;
}

/** Returns the output that replaces a normalization layer's own; null: the layer computes it. */
export type ReplaceNorm = (call: NormCall) => Traced | null;

/** A layer: returns its output for the input x, [N, …], in a pass. */
export type LayerFunction = (pass: Pass, x: Traced) => Traced;

/** Inputs of `Network.replaceNorms`. */
export interface ReplacingPass {
  /** Whether norms use the statistics of the batch or running statistics. */
  readonly mode: PassMode;
  /** Values of the parameters, in the order of `Network.parameters`. */
  readonly parameters: readonly Traced[];
  /** Values of the buffers, in the order of `Network.buffers`. */
  readonly buffers: readonly Traced[];
  /** Input of the network, [N, …]. */
  readonly x: Traced;
  /** Called at every normalization layer, in the order of the pass. */
  readonly replaceNorm: ReplaceNorm;
}

/**
 * A network: named parameters and buffers, and functions of their values in the tensor language.
 */
export interface Network {
  /** Every parameter, in the order in which the functions below take their values. */
  readonly parameters: readonly Parameter[];
  /** Every buffer, in the order in which the functions below take their values. */
  readonly buffers: readonly NetworkBuffer[];
  /** The output in training mode, with all buffers at their first values. */
  forward(parameters: readonly Traced[], x: Traced): Traced;
  /** The output in training mode, and the buffers after the pass. */
  train(
    parameters: readonly Traced[],
    buffers: readonly Traced[],
    x: Traced,
    probe?: Probe,
  ): { output: Traced; buffers: Traced[] };
  /** The output in evaluation mode: norms that keep running statistics use them. */
  evaluate(parameters: readonly Traced[], buffers: readonly Traced[], x: Traced): Traced;
  /** The output of a pass in which `replaceNorm` may replace the outputs of norm layers. */
  replaceNorms(pass: ReplacingPass): Traced;
}

/**
 * Collects the parameters and buffers of a network while its layers are made.
 *
 * @example
 * ```ts
 * import { linear, Registry } from "blindspot/nn";
 *
 * const registry = new Registry();
 * linear(registry, "fc1", { inputs: 4, outputs: 2 });
 * console.log(registry.parameters.map(({ name }) => name)); // fc1.weight, fc1.bias
 * ```
 */
export class Registry {
  /** Parameters in the order of their addition. */
  readonly parameters: Parameter[] = [];
  /** Buffers in the order of their addition. */
  readonly buffers: NetworkBuffer[] = [];

  /**
   * Adds a parameter.
   *
   * @param name - Path of the parameter, unique in the network.
   * @param shape - Sizes of its axes.
   * @param initialize - Fills in its first values.
   * @returns A function that reads the parameter's value in a pass.
   */
  add(name: string, shape: readonly number[], initialize: Initializer): (pass: Pass) => Traced {
    const index = this.parameters.push({ name, shape, initialize }) - 1;
    return (pass) => pass.parameters[index];
  }

  /**
   * Adds a buffer.
   *
   * @param name - Path of the buffer, unique in the network.
   * @param shape - Sizes of its axes.
   * @param initial - First value of every element.
   * @returns Functions that read the buffer in a pass and write its value for the next pass.
   */
  addBuffer(
    name: string,
    shape: readonly number[],
    initial: number,
  ): { read: (pass: Pass) => Traced; write: (pass: Pass, value: Traced) => void } {
    const index = this.buffers.push({ name, shape, initial }) - 1;
    return {
      read: (pass) => pass.buffers[index],
      write: (pass, value) => {
        pass.nextBuffers[index] = value;
      },
    };
  }
}

/**
 * Makes a network of the layer that `build` returns.
 *
 * @param build - Makes the layers and adds their parameters and buffers to the registry.
 * @returns The network, with every parameter and buffer of the registry.
 *
 * @example
 * ```ts
 * import { chain, linear, network, normLayer, relu } from "blindspot/nn";
 *
 * const net = network((registry) =>
 *   chain(
 *     linear(registry, "fc1", { inputs: 4, outputs: 8 }),
 *     normLayer("bn")(registry, "norm1", [8]),
 *     relu,
 *     linear(registry, "fc2", { inputs: 8, outputs: 2 }),
 *   ),
 * );
 * console.log(net.parameters.map(({ name }) => name)); // fc1.weight, fc1.bias, norm1.weight, …
 * ```
 */
export function network(build: (registry: Registry) => LayerFunction): Network {
  const registry = new Registry();
  return networkOf(registry, build(registry));
}

/**
 * Makes a network of `layer` with every parameter and buffer in a registry. Several networks made
 * from one registry share parameters: a classifier and its features, the two directions of a flow.
 *
 * @param registry - Holds the parameters and buffers that `layer` reads.
 * @param layer - The whole network as one layer.
 * @returns The network.
 *
 * @example
 * ```ts
 * import { chain, linear, networkOf, Registry, relu } from "blindspot/nn";
 *
 * const registry = new Registry();
 * const body = chain(linear(registry, "fc1", { inputs: 4, outputs: 8 }), relu);
 * const head = linear(registry, "fc2", { inputs: 8, outputs: 2 });
 * const whole = networkOf(registry, chain(body, head));
 * const features = networkOf(registry, body);
 * console.log(whole.parameters.length === features.parameters.length); // true: shared
 * ```
 */
export function networkOf({ parameters, buffers }: Registry, layer: LayerFunction): Network {
  const train: Network["train"] = (values, statistics, x, probe) => {
    const pass = {
      training: true,
      parameters: values,
      buffers: statistics,
      nextBuffers: [...statistics],
      probe,
    };
    const output = layer(pass, x);
    return { output, buffers: pass.nextBuffers };
  };
  return {
    parameters,
    buffers,
    train,
    forward: (values, x) => {
      const initial = buffers.map((buffer) => full(buffer.shape, buffer.initial, "float32"));
      return train(values, initial, x).output;
    },
    evaluate: (values, statistics, x) =>
      layer({ training: false, parameters: values, buffers: statistics, nextBuffers: [...statistics] }, x),
    replaceNorms: ({ mode, x, ...pass }) =>
      layer({ ...pass, training: mode === "training", nextBuffers: [...pass.buffers] }, x),
  };
}

/**
 * Draws first values for all parameters of a network.
 *
 * @param network - The network.
 * @param random - The seeded generator; equal seeds give equal values.
 * @returns One float32 tensor per parameter, in the order of `network.parameters`.
 *
 * @example
 * ```ts
 * import { initialValues, mlp, Random } from "blindspot/nn";
 *
 * const net = mlp({ inputs: 4, hidden: [8], norm: "bn" });
 * const [weight] = initialValues(net, new Random(0));
 * console.log(weight.shape); // [8, 4]
 * ```
 */
export function initialValues({ parameters }: Network, random: Random): Tensor[] {
  const drawn = new Map<string, Float32Array>();
  const earlier = (name: string): Float32Array => {
    const data = drawn.get(name);
    if (data === undefined) throw new Error(`parameter ${name}: expected one that was added before`);
    return data;
  };
  return parameters.map(({ name, shape, initialize }) => {
    const data = new Float32Array(sizeOf(shape));
    initialize(random, data, earlier);
    drawn.set(name, data);
    return { dtype: "float32", shape, data };
  });
}

/**
 * Makes the first values of all buffers of a network.
 *
 * @param network - The network.
 * @returns One float32 tensor per buffer, in the order of `network.buffers`.
 *
 * @example
 * ```ts
 * import { initialBuffers, mlp } from "blindspot/nn";
 *
 * const [mean, variance] = initialBuffers(mlp({ inputs: 4, hidden: [2], norm: "bn" }));
 * console.log(mean.data, variance.data); // zeros, ones
 * ```
 */
export const initialBuffers = ({ buffers }: Network): Tensor[] =>
  buffers.map(({ shape, initial }) => ({
    dtype: "float32",
    shape,
    data: new Float32Array(sizeOf(shape)).fill(initial),
  }));

/**
 * Joins layers: each takes the output of the one before. Without layers: the identity.
 *
 * @param layers - The layers, first to last.
 * @returns All of them as one layer.
 *
 * @example
 * ```ts
 * import { chain, flatten, network, relu } from "blindspot/nn";
 *
 * const net = network(() => chain(flatten, relu));
 * ```
 */
export const chain =
  (...layers: readonly LayerFunction[]): LayerFunction =>
  (pass, x) =>
    layers.reduce((value, layer) => layer(pass, value), x);
