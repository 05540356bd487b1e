import { add } from "../../src/engine/lang/index.js";
import { globalAveragePool, linear, relu } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Network, network, type Registry } from "../../src/nn/network.js";
import { convNormed, identity } from "./layers.js";

const GROUPS = 8;

/** ResNeXt for 32×32 images (Xie et al. 2017): bottlenecks whose 3×3 convolutions have 8 groups. */
export function resnext(): Network {
  return network((registry) => {
    const layers = [convNormed(registry, "stem", 3, 64, { kernel: 3, padding: 1 })];
    let channels = 64;
    for (const [width, stride] of [
      [64, 1],
      [128, 2],
      [256, 2],
    ] as const) {
      layers.push(bottleneck(registry, `stage${width}`, channels, width, stride));
      channels = 2 * width;
    }
    return chain(...layers, globalAveragePool, linear(registry, "head", { inputs: channels, outputs: 10 }));
  });
}

function bottleneck(
  registry: Registry,
  name: string,
  inputs: number,
  width: number,
  stride: number,
): LayerFunction {
  const grouped = { kernel: 3, stride, padding: 1, groups: GROUPS };
  const body = chain(
    convNormed(registry, `${name}.down`, inputs, width, { kernel: 1 }),
    convNormed(registry, `${name}.grouped`, width, width, grouped),
    convNormed(registry, `${name}.up`, width, 2 * width, { kernel: 1, after: identity }),
  );
  const shortcut = convNormed(registry, `${name}.shortcut`, inputs, 2 * width, {
    kernel: 1,
    stride,
    after: identity,
  });
  return (pass, x) => relu(pass, add(body(pass, x), shortcut(pass, x)));
}
