import { mul, sumPool } from "../../src/engine/lang/index.js";
import { globalAveragePool, linear, maxPool } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Network, network } from "../../src/nn/network.js";
import { convNormed } from "./layers.js";

/** Average pooling over 3×3 windows with stride 2. Padding counts as zeros. */
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

/**
 * A classifier with large kernels and overlapping pools, as in the stems of AlexNet and ResNet-50.
 */
export function pooled(): Network {
  return network((registry) =>
    chain(
      convNormed(registry, "conv1", { inputs: 3, outputs: 64, kernel: 7, stride: 2, padding: 3 }),
      maxPool(3, 2, 1),
      convNormed(registry, "conv2", { inputs: 64, outputs: 128, kernel: 5, padding: 2 }),
      averaged,
      convNormed(registry, "conv3", { inputs: 128, outputs: 256, kernel: 3, padding: 1 }),
      globalAveragePool,
      linear(registry, "head", { inputs: 256, outputs: 10 }),
    ),
  );
}
