import { globalAveragePool, linear } from "../../src/nn/layers.js";
import { chain, type Network, network } from "../../src/nn/network.js";
import { convNormed } from "./layers.js";

/** Convolutions over three axes, as for video or tomography. */
export function volumes(): Network {
  return network((registry) =>
    chain(
      convNormed(registry, "conv1", 1, 16, { dims: 3, kernel: 3, padding: 1 }),
      convNormed(registry, "conv2", 16, 32, { dims: 3, kernel: 3, stride: 2, padding: 1 }),
      convNormed(registry, "conv3", 32, 32, { dims: 3, kernel: 3, padding: 1 }),
      convNormed(registry, "conv4", 32, 64, { dims: 3, kernel: 3, stride: 2, padding: 1 }),
      globalAveragePool,
      linear(registry, "head", { inputs: 64, outputs: 10 }),
    ),
  );
}
