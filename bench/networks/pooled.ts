import { mul, sumPool } from "../../src/engine/lang/index.js";
import { globalAveragePool, linear, maxPool } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Network, network } from "../../src/nn/network.js";
import { convNormed } from "./layers.js";

/** Averages over overlapping 3×3 windows, two apart; padding counts as zeros. */
const averaged: LayerFunction = (_, x) =>
  mul(
    sumPool(x, {
      window: [3, 3],
      strides: [2, 2],
      padding: [
        [1, 1],
        [1, 1],
      ],
    }),
    1 / 9,
  );

/** Large kernels and overlapping pools, as in the stems of AlexNet, ResNet-50 and Inception. */
export function pooled(): Network {
  return network((registry) =>
    chain(
      convNormed(registry, "conv1", 3, 64, { kernel: 7, stride: 2, padding: 3 }),
      maxPool(3, 2, 1),
      convNormed(registry, "conv2", 64, 128, { kernel: 5, padding: 2 }),
      averaged,
      convNormed(registry, "conv3", 128, 256, { kernel: 3, padding: 1 }),
      globalAveragePool,
      linear(registry, "head", { inputs: 256, outputs: 10 }),
    ),
  );
}
