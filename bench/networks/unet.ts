import { concat } from "../../src/engine/lang/index.js";
import { maxPool } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Network, network, type Registry } from "../../src/nn/network.js";
import { convNormed, convolution, upConvolution } from "./layers.js";

const WIDTH = 32;
const DEPTH = 3;

/** U-Net (Ronneberger et al. 2015) with batch norm: maxima down, transposed convolutions up, skips concatenated. */
export function unet(): Network {
  return network((registry) => {
    const body = level(registry, 3, WIDTH, DEPTH);
    return chain(body, convolution(registry, "head", WIDTH, 3, { kernel: 1, bias: true }));
  });
}

/** Two convolutions, the level below it, and two convolutions of what both made. */
function level(registry: Registry, inputs: number, width: number, depth: number): LayerFunction {
  const down = double(registry, `down${depth}`, inputs, width);
  if (depth === 0) return down;
  const below = level(registry, width, 2 * width, depth - 1);
  const up = upConvolution(registry, `up${depth}`, 2 * width, width, { kernel: 2, stride: 2 });
  const join = double(registry, `join${depth}`, 2 * width, width);
  return (pass, x) => {
    const skip = down(pass, x);
    const deep = up(pass, below(pass, maxPool(2)(pass, skip)));
    return join(pass, concat([skip, deep], 1));
  };
}

const double = (registry: Registry, name: string, inputs: number, outputs: number): LayerFunction =>
  chain(
    convNormed(registry, `${name}.1`, inputs, outputs, { kernel: 3, padding: 1 }),
    convNormed(registry, `${name}.2`, outputs, outputs, { kernel: 3, padding: 1 }),
  );
