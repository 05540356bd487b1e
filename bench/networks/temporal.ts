import { add } from "../../src/engine/lang/index.js";
import { globalAveragePool, linear } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Network, network } from "../../src/nn/network.js";
import { convNormed } from "./layers.js";

/**
 * A temporal convolutional network over one axis: residual blocks with dilations 1, 2, 4 and 8.
 * Source: Bai et al. 2018.
 */
export function temporal(): Network {
  return network((registry) => {
    const settings = { dims: 1, kernel: 3 };
    const blocks = [1, 2, 4, 8].map((dilation): LayerFunction => {
      const body = convNormed(registry, `block${dilation}`, {
        inputs: 64,
        outputs: 64,
        ...settings,
        padding: dilation,
        dilation,
      });
      return (pass, x) => add(x, body(pass, x));
    });
    return chain(
      convNormed(registry, "stem", { inputs: 8, outputs: 64, ...settings, kernel: 5, stride: 2, padding: 2 }),
      ...blocks,
      globalAveragePool,
      linear(registry, "head", { inputs: 64, outputs: 10 }),
    );
  });
}
