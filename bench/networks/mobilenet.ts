import { add, max, min } from "../../src/engine/lang/index.js";
import { globalAveragePool, linear } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Network, network, type Registry } from "../../src/nn/network.js";
import { convNormed, identity } from "./layers.js";

const relu6: LayerFunction = (_, x) => min(max(x, 0), 6);

/** Outputs, stride and expansion of the inverted residual blocks. */
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

/** MobileNetV2 for 32×32 images (Sandler et al. 2018), a block or two of each kind: 1×1 up, depthwise 3×3, 1×1 down. */
export function mobilenet(): Network {
  return network((registry) => {
    const layers = [convNormed(registry, "stem", 3, 32, { kernel: 3, padding: 1, after: relu6 })];
    let channels = 32;
    BLOCKS.forEach(([outputs, stride, expansion], i) => {
      layers.push(inverted(registry, `block${i}`, channels, outputs, stride, expansion));
      channels = outputs;
    });
    layers.push(convNormed(registry, "last", channels, 640, { kernel: 1, after: relu6 }));
    return chain(...layers, globalAveragePool, linear(registry, "head", { inputs: 640, outputs: 10 }));
  });
}

function inverted(
  registry: Registry,
  name: string,
  inputs: number,
  outputs: number,
  stride: number,
  expansion: number,
): LayerFunction {
  const hidden = inputs * expansion;
  const body = chain(
    expansion === 1
      ? identity
      : convNormed(registry, `${name}.up`, inputs, hidden, { kernel: 1, after: relu6 }),
    convNormed(registry, `${name}.depthwise`, hidden, hidden, {
      kernel: 3,
      stride,
      padding: 1,
      groups: hidden,
      after: relu6,
    }),
    convNormed(registry, `${name}.down`, hidden, outputs, { kernel: 1, after: identity }),
  );
  return stride === 1 && inputs === outputs ? (pass, x) => add(x, body(pass, x)) : body;
}
