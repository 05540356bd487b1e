import { concat } from "../../src/engine/lang/index.js";
import { maxPool } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Network, network, type Registry } from "../../src/nn/network.js";
import { convNormed, convolution, upConvolution } from "./layers.js";

const WIDTH = 32;
const DEPTH = 3;

/**
 * A U-Net with batch norm: max pooling down, transposed convolutions up, and skip connections that
 * are concatenated. Source: Ronneberger et al. 2015.
 */
export function unet(): Network {
  return network((registry) => {
    const body = level(registry, 3, WIDTH, DEPTH);
    return chain(body, convolution(registry, "head", { inputs: WIDTH, outputs: 3, kernel: 1, bias: true }));
  });
}

/** A level: two convolutions, the level below, and two convolutions of both outputs joined. */
function level(registry: Registry, inputs: number, width: number, depth: number): LayerFunction {
  const down = double(registry, `down${depth}`, inputs, width);
  if (depth === 0) return down;
  const below = level(registry, width, 2 * width, depth - 1);
  const up = upConvolution(registry, `up${depth}`, {
    inputs: 2 * width,
    outputs: width,
    kernel: 2,
    stride: 2,
  });
  const join = double(registry, `join${depth}`, 2 * width, width);
  return (pass, x) => {
    const skip = down(pass, x);
    const deep = up(pass, below(pass, maxPool(2)(pass, skip)));
    return join(pass, concat([skip, deep], 1));
  };
}

const double = (registry: Registry, name: string, inputs: number, outputs: number): LayerFunction =>
  chain(
    convNormed(registry, `${name}.1`, { inputs, outputs, kernel: 3, padding: 1 }),
    convNormed(registry, `${name}.2`, { inputs: outputs, outputs, kernel: 3, padding: 1 }),
  );
