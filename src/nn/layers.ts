import type { Random } from "../base/random.js";
import {
  add,
  conv as convolve,
  convTranspose as convolveTransposed,
  greater,
  matmul,
  mean,
  mul,
  maxPool as poolMax,
  relu as rectify,
  reshape,
  sumPool,
  type Traced,
  transpose,
  where,
} from "../engine/lang/index.js";
import type { Initializer, LayerFunction, Pass, Registry } from "./network.js";

/** Uniform in ±1/√fanIn: what PyTorch draws for the weights and biases of linear layers and convolutions. */
export function uniformFanIn(fanIn: number): Initializer {
  const bound = 1 / Math.sqrt(fanIn);
  return (random: Random, data: Float32Array) => {
    for (let i = 0; i < data.length; i++) data[i] = random.uniform(-bound, bound);
  };
}

/** Normal with this mean and standard deviation. */
export const normally =
  (mean: number, deviation: number): Initializer =>
  (random, data) => {
    for (let i = 0; i < data.length; i++) data[i] = mean + deviation * random.normal();
  };

export const constantly =
  (value: number): Initializer =>
  (_, data) => {
    data.fill(value);
  };

/**
 * The layer of a linear op: `apply` makes the output of a weight and of operands, the input and a bias if there is one.
 * A probe is told of it.
 */
const linearLayer =
  (
    name: string,
    weight: (pass: Pass) => Traced,
    bias: ((pass: Pass) => Traced) | null,
    apply: (weight: Traced, operands: readonly Traced[]) => Traced,
  ): LayerFunction =>
  (pass, x) => {
    const value = weight(pass);
    const operands = bias === null ? [x] : [x, bias(pass)];
    const output = apply(value, operands);
    pass.probe?.linear(output, { weight: `${name}.weight`, value, operands, apply });
    return output;
  };

/** A bias per channel added to [N, C, H, W], where there is one. */
const addBias = (y: Traced, bias: Traced | undefined): Traced =>
  bias === undefined ? y : add(y, reshape(bias, [bias.size, 1, 1]));

interface ConvSettings {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  /** How the weight starts; as PyTorch's convolutions unless told. */
  readonly initialize?: Initializer;
}

/** Two-dimensional convolution of [N, inputs, H, W]. */
export function conv(
  registry: Registry,
  name: string,
  inputs: number,
  outputs: number,
  { kernel, stride = 1, padding = 0, groups = 1, bias = true, initialize }: ConvSettings,
): LayerFunction {
  const fanIn = (inputs / groups) * kernel * kernel;
  const weight = registry.add(
    `${name}.weight`,
    [outputs, inputs / groups, kernel, kernel],
    initialize ?? uniformFanIn(fanIn),
  );
  const offset = bias ? registry.add(`${name}.bias`, [outputs], uniformFanIn(fanIn)) : null;
  const options = {
    strides: [stride, stride],
    padding: [
      [padding, padding],
      [padding, padding],
    ] as const,
    dilations: [1, 1],
    groups,
  };
  return linearLayer(name, weight, offset, (w, [x, b]) => addBias(convolve(x, w, options), b));
}

/** Two-dimensional transposed convolution of [N, inputs, H, W]. */
export function convTranspose(
  registry: Registry,
  name: string,
  inputs: number,
  outputs: number,
  { kernel, stride = 1, padding = 0, bias = true, initialize }: ConvSettings,
): LayerFunction {
  const fanIn = outputs * kernel * kernel;
  const weight = registry.add(
    `${name}.weight`,
    [inputs, outputs, kernel, kernel],
    initialize ?? uniformFanIn(fanIn),
  );
  const offset = bias ? registry.add(`${name}.bias`, [outputs], uniformFanIn(fanIn)) : null;
  const options = {
    strides: [stride, stride],
    padding: [
      [padding, padding],
      [padding, padding],
    ] as const,
    dilations: [1, 1],
    groups: 1,
  };
  return linearLayer(name, weight, offset, (w, [x, b]) =>
    addBias(convolveTransposed(x, w, options, [0, 0]), b),
  );
}

/** x Wᵀ + b for [N, inputs]. */
export function linear(registry: Registry, name: string, inputs: number, outputs: number): LayerFunction {
  const weight = registry.add(`${name}.weight`, [outputs, inputs], uniformFanIn(inputs));
  const offset = registry.add(`${name}.bias`, [outputs], uniformFanIn(inputs));
  return linearLayer(name, weight, offset, (w, [x, b]) => add(matmul(x, transpose(w, [1, 0])), b));
}

export const relu: LayerFunction = (_, x) => rectify(x);

/** max(x, slope·x), for a slope below 1. */
export const leakyRelu =
  (slope: number): LayerFunction =>
  (_, x) =>
    where(greater(x, 0), x, mul(x, slope));

export const flatten: LayerFunction = (_, x) => reshape(x, [x.shape[0], x.size / x.shape[0]]);

/** Mean over all positions: [N, C, …] to [N, C]. */
export const globalAveragePool: LayerFunction = (_, x) =>
  mean(
    x,
    x.shape.map((_, i) => i).filter((i) => i > 1),
  );

const square = (kernel: number, stride: number, padding: number) => ({
  window: [kernel, kernel],
  strides: [stride, stride],
  padding: [
    [padding, padding],
    [padding, padding],
  ] as const,
});

export const maxPool =
  (kernel: number, stride = kernel, padding = 0): LayerFunction =>
  (_, x) =>
    poolMax(x, square(kernel, stride, padding));

export const averagePool =
  (kernel: number): LayerFunction =>
  (_, x) =>
    mul(sumPool(x, square(kernel, kernel, 0)), 1 / kernel ** 2);
