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
import { uniformFanIn } from "./initializers.js";
import type { Initializer, LayerFunction, Pass, Registry } from "./network.js";

/** Parts of a layer whose output is affine in a weight. */
interface LinearParts {
  /** Path of the layer, the prefix of its parameters' names. */
  readonly name: string;
  readonly weight: (pass: Pass) => Traced;
  readonly bias: ((pass: Pass) => Traced) | null;
  /** The output from a weight and the operands: the input and, if there is one, the bias. */
  readonly apply: (weight: Traced, operands: readonly Traced[]) => Traced;
}

/** A layer with a weight, which reports itself to the probe of a pass. */
const linearLayer =
  ({ name, weight, bias, apply }: LinearParts): LayerFunction =>
  (pass, x) => {
    const value = weight(pass);
    const operands = bias === null ? [x] : [x, bias(pass)];
    const output = apply(value, operands);
    pass.probe?.linear(output, { weight: `${name}.weight`, value, operands, apply });
    return output;
  };

/** Adds one bias per channel to y, [N, C, H, W]; without a bias, returns y. */
const addBias = (y: Traced, bias: Traced | undefined): Traced =>
  bias === undefined ? y : add(y, reshape(bias, [bias.size, 1, 1]));

/** Sizes of a two-dimensional transposed convolution with square kernels. */
export interface ConvTransposeSettings {
  /** Channels of the input. */
  readonly inputs: number;
  /** Channels of the output. */
  readonly outputs: number;
  /** Width and height of the kernel. */
  readonly kernel: number;
  /** Step along both axes. Default 1. */
  readonly stride?: number;
  /** Padding at all four sides. Default 0. */
  readonly padding?: number;
  /** Whether the layer has a bias per output channel. Default true. */
  readonly bias?: boolean;
  /** Fills in the first weight. Default: as PyTorch's convolutions. */
  readonly initialize?: Initializer;
}

/** Sizes of a two-dimensional convolution with square kernels. */
export interface ConvSettings extends ConvTransposeSettings {
  /** Groups of channels that are convolved apart from each other. Default 1. */
  readonly groups?: number;
}

const geometry = (stride: number, padding: number, groups: number) => ({
  strides: [stride, stride],
  padding: [
    [padding, padding],
    [padding, padding],
  ] as const,
  dilations: [1, 1],
  groups,
});

/**
 * Makes a two-dimensional convolution: [N, inputs, H, W] → [N, outputs, H′, W′].
 * Its weight is [outputs, inputs/groups, kernel, kernel].
 *
 * @param registry - Receives `<name>.weight` and `<name>.bias`.
 * @param name - Path of the layer.
 * @param settings - Channels, kernel, stride, padding, groups, bias and initializer.
 * @returns The layer.
 *
 * @example
 * ```ts
 * import { conv, network } from "blindspot/nn";
 *
 * const net = network((registry) =>
 *   conv(registry, "conv1", { inputs: 3, outputs: 16, kernel: 3, padding: 1 }),
 * );
 * ```
 */
export function conv(
  registry: Registry,
  name: string,
  { inputs, outputs, kernel, stride = 1, padding = 0, groups = 1, bias = true, initialize }: ConvSettings,
): LayerFunction {
  const fanIn = (inputs / groups) * kernel * kernel;
  const start = initialize ?? uniformFanIn(fanIn);
  const options = geometry(stride, padding, groups);
  return linearLayer({
    name,
    weight: registry.add(`${name}.weight`, [outputs, inputs / groups, kernel, kernel], start),
    bias: bias ? registry.add(`${name}.bias`, [outputs], uniformFanIn(fanIn)) : null,
    apply: (w, [x, b]) => addBias(convolve(x, w, options), b),
  });
}

/**
 * Makes a two-dimensional transposed convolution: [N, inputs, H, W] → [N, outputs, H′, W′].
 * Its weight is [inputs, outputs, kernel, kernel].
 *
 * @param registry - Receives `<name>.weight` and `<name>.bias`.
 * @param name - Path of the layer.
 * @param settings - Channels, kernel, stride, padding, bias and initializer.
 * @returns The layer.
 *
 * @example
 * ```ts
 * import { convTranspose, network } from "blindspot/nn";
 *
 * const doubled = network((registry) =>
 *   convTranspose(registry, "up1", { inputs: 16, outputs: 3, kernel: 4, stride: 2, padding: 1 }),
 * );
 * ```
 */
export function convTranspose(
  registry: Registry,
  name: string,
  { inputs, outputs, kernel, stride = 1, padding = 0, bias = true, initialize }: ConvTransposeSettings,
): LayerFunction {
  // PyTorch counts the fan-in of a transposed convolution by its outputs.
  const fanIn = outputs * kernel * kernel;
  const start = initialize ?? uniformFanIn(fanIn);
  const options = geometry(stride, padding, 1);
  return linearLayer({
    name,
    weight: registry.add(`${name}.weight`, [inputs, outputs, kernel, kernel], start),
    bias: bias ? registry.add(`${name}.bias`, [outputs], uniformFanIn(fanIn)) : null,
    apply: (w, [x, b]) => addBias(convolveTransposed(x, w, options, [0, 0]), b),
  });
}

/** Sizes of a linear layer. */
export interface LinearSettings {
  /** Features of the input. */
  readonly inputs: number;
  /** Features of the output. */
  readonly outputs: number;
}

/**
 * Makes a linear layer, x Wᵀ + b: [N, inputs] → [N, outputs]. Its weight is [outputs, inputs].
 *
 * @param registry - Receives `<name>.weight` and `<name>.bias`.
 * @param name - Path of the layer.
 * @param settings - Features of the input and of the output.
 * @returns The layer.
 *
 * @example
 * ```ts
 * import { linear, network } from "blindspot/nn";
 *
 * const net = network((registry) => linear(registry, "fc1", { inputs: 4, outputs: 2 }));
 * ```
 */
export function linear(registry: Registry, name: string, { inputs, outputs }: LinearSettings): LayerFunction {
  return linearLayer({
    name,
    weight: registry.add(`${name}.weight`, [outputs, inputs], uniformFanIn(inputs)),
    bias: registry.add(`${name}.bias`, [outputs], uniformFanIn(inputs)),
    apply: (w, [x, b]) => add(matmul(x, transpose(w, [1, 0])), b),
  });
}

/**
 * The layer max(x, 0), for x of any shape.
 *
 * @example
 * ```ts
 * import { network, relu } from "blindspot/nn";
 *
 * const net = network(() => relu);
 * ```
 */
export const relu: LayerFunction = (_, x) => rectify(x);

/**
 * Makes the layer max(x, slope·x), for x of any shape.
 *
 * @param slope - Slope for negative x, below 1.
 * @returns The layer.
 *
 * @example
 * ```ts
 * import { leakyRelu, network } from "blindspot/nn";
 *
 * const net = network(() => leakyRelu(0.2));
 * ```
 */
export const leakyRelu =
  (slope: number): LayerFunction =>
  (_, x) =>
    where(greater(x, 0), x, mul(x, slope));

/**
 * The layer that joins all axes but the first: [N, …] → [N, D].
 *
 * @example
 * ```ts
 * import { flatten, network } from "blindspot/nn";
 *
 * const net = network(() => flatten);
 * ```
 */
export const flatten: LayerFunction = (_, x) => reshape(x, [x.shape[0], x.size / x.shape[0]]);

/**
 * The layer that takes the mean over all positions: [N, C, …] → [N, C].
 *
 * @example
 * ```ts
 * import { globalAveragePool, network } from "blindspot/nn";
 *
 * const net = network(() => globalAveragePool);
 * ```
 */
export const globalAveragePool: LayerFunction = (_, x) =>
  mean(
    x,
    x.shape.map((_, i) => i).filter((i) => i > 1),
  );

const squareWindow = (kernel: number, stride: number, padding: number) => ({
  window: [kernel, kernel],
  strides: [stride, stride],
  padding: [
    [padding, padding],
    [padding, padding],
  ] as const,
});

/**
 * Makes the layer that takes the largest value of each square window of [N, C, H, W].
 *
 * @param kernel - Width and height of a window.
 * @param stride - Step between windows. Default: `kernel`, so that windows do not overlap.
 * @param padding - Padding at all four sides. Default 0.
 * @returns The layer.
 *
 * @example
 * ```ts
 * import { maxPool, network } from "blindspot/nn";
 *
 * const halved = network(() => maxPool(2));
 * ```
 */
export const maxPool =
  (kernel: number, stride = kernel, padding = 0): LayerFunction =>
  (_, x) =>
    poolMax(x, squareWindow(kernel, stride, padding));

/**
 * Makes the layer that takes the mean of each square window of [N, C, H, W]. Windows do not
 * overlap.
 *
 * @param kernel - Width and height of a window, and the step between windows.
 * @returns The layer.
 *
 * @example
 * ```ts
 * import { averagePool, network } from "blindspot/nn";
 *
 * const halved = network(() => averagePool(2));
 * ```
 */
export const averagePool =
  (kernel: number): LayerFunction =>
  (_, x) =>
    mul(sumPool(x, squareWindow(kernel, kernel, 0)), 1 / kernel ** 2);
