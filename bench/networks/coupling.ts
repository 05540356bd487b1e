import {
  add,
  cast,
  constant,
  dtypeOf,
  exp,
  mean,
  mul,
  reshape,
  slice,
  square,
  sub,
  sum,
  type Traced,
  tanh,
} from "../../src/engine/lang/index.js";
import { relu } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Network, network, type Registry } from "../../src/nn/network.js";
import { normLayer } from "../../src/nn/norm-layer.js";
import { convolution } from "./layers.js";

const CHANNELS = 64;
const BLOCKS = 4;

/**
 * Two RealNVP couplings with checkerboard masks b (Dinh et al. 2017):
 *
 *     z = b∘x + (1 − b)∘(x∘e^s + t)
 *
 * A residual network of batch norm, ReLU and 3×3 convolutions makes s and t of b∘x. The output is
 * the log-likelihood of each image under a standard normal z, without its constant.
 */
export function coupling(): Network {
  return network((registry) => {
    const couplings = [0, 1].map((parity) => ({ parity, net: residual(registry, `coupling${parity}`) }));
    return (pass, x) => {
      let z = x;
      let logDeterminant: Traced | undefined;
      for (const { parity, net } of couplings) {
        const kept = checkerboard(z, parity);
        const changed = sub(1, kept);
        const both = net(pass, mul(z, kept));
        const s = mul(tanh(channel(both, 0)), changed);
        const t = mul(channel(both, 1), changed);
        z = add(mul(z, exp(s)), t);
        const log = sum(s, [1, 2, 3]);
        logDeterminant = logDeterminant === undefined ? log : add(logDeterminant, log);
      }
      return sub(logDeterminant!, mul(sum(square(z), [1, 2, 3]), 0.5));
    };
  });
}

/** A mask that is 1 where row + column has this parity, else 0. */
function checkerboard(x: Traced, parity: number): Traced {
  const [height, width] = x.shape.slice(2) as [number, number];
  const cells = Float32Array.from({ length: height * width }, (_, i) =>
    (Math.floor(i / width) + (i % width)) % 2 === parity ? 1 : 0,
  );
  return cast(constant(cells, [1, 1, height, width], "float32"), dtypeOf(x));
}

const channel = (x: Traced, at: number): Traced =>
  slice(
    x,
    x.shape.map((n, axis) => (axis === 1 ? ([at, at + 1] as const) : ([0, n] as const))),
  );

/** The residual network from one channel to two, s and t. */
function residual(registry: Registry, name: string): LayerFunction {
  const normed = (part: string) => normLayer("bn")(registry, `${name}.${part}`, [CHANNELS, 1, 1]);
  const conv3 = (part: string, inputs: number, outputs: number, bias = false) =>
    convolution(registry, `${name}.${part}`, { inputs, outputs, kernel: 3, padding: 1, bias });
  const blocks = Array.from({ length: BLOCKS }, (_, i): LayerFunction => {
    const body = chain(
      normed(`${i}.norm1`),
      relu,
      conv3(`${i}.conv1`, CHANNELS, CHANNELS),
      normed(`${i}.norm2`),
      relu,
      conv3(`${i}.conv2`, CHANNELS, CHANNELS),
    );
    return (pass, x) => add(x, body(pass, x));
  });
  return chain(
    conv3("stem", 1, CHANNELS),
    ...blocks,
    normed("last_norm"),
    relu,
    convolution(registry, `${name}.head`, { inputs: CHANNELS, outputs: 2, kernel: 1, bias: true }),
  );
}

/** Mean of −log-likelihood over the images, in nats. */
export const negativeLogLikelihood = (output: Traced): Traced => sub(0, mean(reshape(output, [output.size])));
