import { add, conv, convTranspose, reshape } from "../../src/engine/lang/index.js";
import { relu } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Registry } from "../../src/nn/network.js";
import { normLayer } from "../../src/nn/norm-layer.js";

/** Layers that only the benchmark networks use: convolutions of any dimension with groups and dilation. */

interface ConvSettings {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  /** Number of spatial axes. */
  readonly dims?: number;
}

/** Uniform in ±1/√fanIn. */
const uniform = (registry: Registry, name: string, shape: readonly number[], fanIn: number) =>
  registry.add(name, shape, (random, data) => {
    const bound = 1 / Math.sqrt(fanIn);
    for (let i = 0; i < data.length; i++) data[i] = random.uniform(-bound, bound);
  });

const geometry = ({ dims = 2, stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvSettings) => {
  const each = <T>(value: T): T[] => Array<T>(dims).fill(value);
  return {
    strides: each(stride),
    padding: each([padding, padding] as const),
    dilations: each(dilation),
    groups,
  };
};

/** Convolution of [N, inputs, …]. */
export function convolution(
  registry: Registry,
  name: string,
  inputs: number,
  outputs: number,
  settings: ConvSettings,
): LayerFunction {
  const { dims = 2, kernel, groups = 1, bias = false } = settings;
  const taps = Array<number>(dims).fill(kernel);
  const fanIn = (inputs / groups) * kernel ** dims;
  const weight = uniform(registry, `${name}.weight`, [outputs, inputs / groups, ...taps], fanIn);
  const offset = bias ? uniform(registry, `${name}.bias`, [outputs], fanIn) : undefined;
  return (pass, x) => {
    const y = conv(x, weight(pass), geometry(settings));
    return offset === undefined ? y : add(y, reshape(offset(pass), [outputs, ...taps.map(() => 1)]));
  };
}

/** Transposed convolution of [N, inputs, …], with a bias. */
export function upConvolution(
  registry: Registry,
  name: string,
  inputs: number,
  outputs: number,
  settings: ConvSettings,
): LayerFunction {
  const { dims = 2, kernel } = settings;
  const taps = Array<number>(dims).fill(kernel);
  const fanIn = outputs * kernel ** dims;
  const weight = uniform(registry, `${name}.weight`, [inputs, outputs, ...taps], fanIn);
  const offset = uniform(registry, `${name}.bias`, [outputs], fanIn);
  return (pass, x) =>
    add(
      convTranspose(
        x,
        weight(pass),
        geometry(settings),
        taps.map(() => 0),
      ),
      reshape(offset(pass), [outputs, ...taps.map(() => 1)]),
    );
}

/** Convolution, batch normalization, and ReLU or another nonlinearity. Batch norm never reads the size of the maps. */
export function convNormed(
  registry: Registry,
  name: string,
  inputs: number,
  outputs: number,
  { after = relu, ...settings }: ConvSettings & { readonly after?: LayerFunction },
): LayerFunction {
  const features = [outputs, ...Array<number>(settings.dims ?? 2).fill(1)];
  return chain(
    convolution(registry, name, inputs, outputs, settings),
    normLayer("bn")(registry, `${name}_norm`, features),
    after,
  );
}

export const identity: LayerFunction = (_, x) => x;
