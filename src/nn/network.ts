import type { Random } from "../base/random.js";
import { sizeOf, type Tensor } from "../base/tensor.js";
import { full, type Traced } from "../engine/lang/index.js";
import type { Norm } from "./norms/norm.js";
import type { Probe } from "./probe.js";

/**
 * How a parameter starts: PyTorch's defaults. `earlier` gives the start of a parameter that was added before this one,
 * for those that depend on another.
 */
export type Initializer = (
  random: Random,
  data: Float32Array,
  earlier: (name: string) => Float32Array,
) => void;

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initialize: Initializer;
}

/** A value that passes through the network change and gradients do not: running statistics. */
export interface Buffer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: number;
}

/** One pass through a network: what its layers read, and the buffers they leave to the next pass. */
export interface Pass {
  readonly training: boolean;
  readonly parameters: readonly Traced[];
  readonly buffers: readonly Traced[];
  /** Buffers after this pass. Starts as `buffers`; layers replace their own. */
  readonly nextBuffers: Traced[];
  /** Asked for every normalization of features; what it returns takes the place of the layer's output. */
  readonly cut?: Cut;
  /** Looks into the layers, where somebody wants to. */
  readonly probe?: Probe;
}

/** A normalization layer on its input x, in a pass: `name` is what its parameters are named by. */
export interface NormCall {
  readonly name: string;
  readonly norm: Norm;
  readonly x: Traced;
}

/** Other values for the output of a normalization layer, or null to compute it. */
export type Cut = (call: NormCall) => Traced | null;

/** A layer: the value of its output in this pass. */
export type LayerFunction = (pass: Pass, x: Traced) => Traced;

/** A network: named parameters and buffers, and functions of their values in the tensor language. */
export interface Network {
  readonly parameters: readonly Parameter[];
  readonly buffers: readonly Buffer[];
  /** The output in training, for networks whose buffers are as they start. Values in the order of `parameters`. */
  forward(parameters: readonly Traced[], x: Traced): Traced;
  /** The output in training, and the buffers after it. */
  train(
    parameters: readonly Traced[],
    buffers: readonly Traced[],
    x: Traced,
    probe?: Probe,
  ): { output: Traced; buffers: Traced[] };
  /** The output in evaluation: with running statistics where a layer keeps them. */
  evaluate(parameters: readonly Traced[], buffers: readonly Traced[], x: Traced): Traced;
  /** The output of a pass of either kind in which `cut` may replace what normalization layers return. */
  cut(
    training: boolean,
    parameters: readonly Traced[],
    buffers: readonly Traced[],
    x: Traced,
    cut: Cut,
  ): Traced;
}

/** Collects the parameters and buffers of a network while its layers are made. */
export class Registry {
  readonly parameters: Parameter[] = [];
  readonly buffers: Buffer[] = [];

  /** Adds a parameter and returns the reader of its value. */
  add(name: string, shape: readonly number[], initialize: Initializer): (pass: Pass) => Traced {
    const index = this.parameters.push({ name, shape, initialize }) - 1;
    return (pass) => pass.parameters[index];
  }

  /** Adds a buffer and returns its reader and its writer. */
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

/** The network that `build` describes. */
export function network(build: (registry: Registry) => LayerFunction): Network {
  const registry = new Registry();
  return networkOf(registry, build(registry));
}

/** `layer` as a network with all that `registry` has collected: several may share their parameters. */
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
    cut: (training, values, statistics, x, cut) =>
      layer({ training, parameters: values, buffers: statistics, nextBuffers: [...statistics], cut }, x),
  };
}

/** Fresh values for all parameters. */
export function initialValues({ parameters }: Network, random: Random): Tensor[] {
  const drawn = new Map<string, Float32Array>();
  return parameters.map(({ name, shape, initialize }) => {
    const data = new Float32Array(sizeOf(shape));
    initialize(random, data, (earlier) => drawn.get(earlier)!);
    drawn.set(name, data);
    return { dtype: "float32", shape, data };
  });
}

/** What all buffers start from. */
export const initialBuffers = ({ buffers }: Network): Tensor[] =>
  buffers.map(({ shape, initial }) => ({
    dtype: "float32",
    shape,
    data: new Float32Array(sizeOf(shape)).fill(initial),
  }));

/** Layers one after another. */
export const chain =
  (...layers: readonly LayerFunction[]): LayerFunction =>
  (pass, x) =>
    layers.reduce((value, layer) => layer(pass, value), x);
