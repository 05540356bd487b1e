import { add, less, relu, where } from "../../src/engine/lang/index.js";
import { globalAveragePool, linear } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Network, network, type Registry } from "../../src/nn/network.js";
import { convNormed, identity } from "./layers.js";

const relu6: LayerFunction = (_, x) => where(less(x, 6), relu(x), 6);

/** Output channels, stride and expansion of each inverted residual block. */
const BLOCKS = [
  [16, 1, 1],
  [24, 1, 6],
  [24, 1, 6],
  [32, 2, 6],
  [32, 1, 6],
  [64, 2, 6],
  [64, 1, 6],
  [96, 1, 6],
  [160, 2, 6],
  [160, 1, 6],
] as const;

/**
 * A short MobileNetV2 for 32×32 images: one or two blocks of each kind.
 * Source: Sandler et al. 2018.
 */
export function mobilenet(): Network {
  return network((registry) => {
    const layers = [
      convNormed(registry, "stem", { inputs: 3, outputs: 32, kernel: 3, padding: 1, after: relu6 }),
    ];
    let channels = 32;
    BLOCKS.forEach(([outputs, stride, expansion], i) => {
      layers.push(inverted(registry, `block${i}`, { inputs: channels, outputs, stride, expansion }));
      channels = outputs;
    });
    layers.push(convNormed(registry, "last", { inputs: channels, outputs: 640, kernel: 1, after: relu6 }));
    return chain(...layers, globalAveragePool, linear(registry, "head", { inputs: 640, outputs: 10 }));
  });
}

interface InvertedSettings {
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
  /** Channels of the depthwise convolution per input channel. */
  readonly expansion: number;
}

/**
 * An inverted residual block: conv 1×1 to more channels → depthwise conv 3×3 → conv 1×1 to fewer.
 */
function inverted(
  registry: Registry,
  name: string,
  { inputs, outputs, stride, expansion }: InvertedSettings,
): LayerFunction {
  const hidden = inputs * expansion;
  const body = chain(
    expansion === 1
      ? identity
      : convNormed(registry, `${name}.up`, { inputs, outputs: hidden, kernel: 1, after: relu6 }),
    convNormed(registry, `${name}.depthwise`, {
      inputs: hidden,
      outputs: hidden,
      kernel: 3,
      stride,
      padding: 1,
      groups: hidden,
      after: relu6,
    }),
    convNormed(registry, `${name}.down`, { inputs: hidden, outputs, kernel: 1, after: identity }),
  );
  return stride === 1 && inputs === outputs ? (pass, x) => add(x, body(pass, x)) : body;
}
