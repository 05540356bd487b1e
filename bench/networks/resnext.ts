import { add } from "../../src/engine/lang/index.js";
import { globalAveragePool, linear, relu } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Network, network, type Registry } from "../../src/nn/network.js";
import { convNormed, identity } from "./layers.js";

const GROUPS = 8;

/** A ResNeXt for 32×32 images: the 3×3 convolutions have 8 groups. Source: Xie et al. 2017. */
export function resnext(): Network {
  return network((registry) => {
    const layers = [convNormed(registry, "stem", { inputs: 3, outputs: 64, kernel: 3, padding: 1 })];
    let channels = 64;
    for (const [width, stride] of [
      [64, 1],
      [128, 2],
      [256, 2],
    ] as const) {
      layers.push(bottleneck(registry, `stage${width}`, { inputs: channels, width, stride }));
      channels = 2 * width;
    }
    return chain(...layers, globalAveragePool, linear(registry, "head", { inputs: channels, outputs: 10 }));
  });
}

interface BottleneckSettings {
  readonly inputs: number;
  /** Channels of the grouped convolution; the output has twice as many. */
  readonly width: number;
  readonly stride: number;
}

function bottleneck(
  registry: Registry,
  name: string,
  { inputs, width, stride }: BottleneckSettings,
): LayerFunction {
  const grouped = { inputs: width, outputs: width, kernel: 3, stride, padding: 1, groups: GROUPS };
  const body = chain(
    convNormed(registry, `${name}.down`, { inputs, outputs: width, kernel: 1 }),
    convNormed(registry, `${name}.grouped`, grouped),
    convNormed(registry, `${name}.up`, { inputs: width, outputs: 2 * width, kernel: 1, after: identity }),
  );
  const shortcut = convNormed(registry, `${name}.shortcut`, {
    inputs,
    outputs: 2 * width,
    kernel: 1,
    stride,
    after: identity,
  });
  return (pass, x) => relu(pass, add(body(pass, x), shortcut(pass, x)));
}
