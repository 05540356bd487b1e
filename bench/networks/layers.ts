import { add, conv, convTranspose, reshape } from "../../src/engine/lang/index.js";
import { uniformFanIn } from "../../src/nn/initializers.js";
import { relu } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Registry } from "../../src/nn/network.js";
import { normLayer } from "../../src/nn/norm-layer.js";

/** Sizes of a convolution over any number of axes. */
interface ConvSettings {
  /** Channels of the input. */
  readonly inputs: number;
  /** Channels of the output. */
  readonly outputs: number;
  /** Size of the kernel along each axis. */
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  /** Number of spatial axes. Default 2. */
  readonly dims?: number;
}

const geometry = ({ dims = 2, stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvSettings) => {
  const each = <T>(value: T): T[] => Array<T>(dims).fill(value);
  return {
    strides: each(stride),
    padding: each([padding, padding] as const),
    dilations: each(dilation),
    groups,
  };
};

/** Makes a convolution of [N, inputs, …], without a bias unless `bias` is set. */
export function convolution(registry: Registry, name: string, settings: ConvSettings): LayerFunction {
  const { inputs, outputs, dims = 2, kernel, groups = 1, bias = false } = settings;
  const kernelShape = Array<number>(dims).fill(kernel);
  const start = uniformFanIn((inputs / groups) * kernel ** dims);
  const weight = registry.add(`${name}.weight`, [outputs, inputs / groups, ...kernelShape], start);
  const offset = bias ? registry.add(`${name}.bias`, [outputs], start) : undefined;
  return (pass, x) => {
    const y = conv(x, weight(pass), geometry(settings));
    return offset === undefined ? y : add(y, reshape(offset(pass), [outputs, ...kernelShape.map(() => 1)]));
  };
}

/** Makes a transposed convolution of [N, inputs, …] with a bias. */
export function upConvolution(registry: Registry, name: string, settings: ConvSettings): LayerFunction {
  const { inputs, outputs, dims = 2, kernel } = settings;
  const kernelShape = Array<number>(dims).fill(kernel);
  const start = uniformFanIn(outputs * kernel ** dims);
  const weight = registry.add(`${name}.weight`, [inputs, outputs, ...kernelShape], start);
  const offset = registry.add(`${name}.bias`, [outputs], start);
  return (pass, x) =>
    add(
      convTranspose(
        x,
        weight(pass),
        geometry(settings),
        kernelShape.map(() => 0),
      ),
      reshape(offset(pass), [outputs, ...kernelShape.map(() => 1)]),
    );
}

interface ConvNormedSettings extends ConvSettings {
  /** The nonlinearity. Default ReLU. */
  readonly after?: LayerFunction;
}

/** Makes convolution → batch norm → nonlinearity. */
export function convNormed(
  registry: Registry,
  name: string,
  { after = relu, ...settings }: ConvNormedSettings,
): LayerFunction {
  // Batch norm reads the number of channels alone, so the maps may be declared 1×1.
  const features = [settings.outputs, ...Array<number>(settings.dims ?? 2).fill(1)];
  return chain(
    convolution(registry, name, settings),
    normLayer("bn")(registry, `${name}_norm`, features),
    after,
  );
}

/** The layer that returns its input. */
export const identity: LayerFunction = (_, x) => x;
