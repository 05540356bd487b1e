import { globalAveragePool, linear } from "../../src/nn/layers.js";
import { chain, type Network, network } from "../../src/nn/network.js";
import { convNormed } from "./layers.js";

/** A classifier with convolutions over three axes, as for video or tomography. */
export function volumes(): Network {
  return network((registry) =>
    chain(
      convNormed(registry, "conv1", { inputs: 1, outputs: 16, dims: 3, kernel: 3, padding: 1 }),
      convNormed(registry, "conv2", { inputs: 16, outputs: 32, dims: 3, kernel: 3, stride: 2, padding: 1 }),
      convNormed(registry, "conv3", { inputs: 32, outputs: 32, dims: 3, kernel: 3, padding: 1 }),
      convNormed(registry, "conv4", { inputs: 32, outputs: 64, dims: 3, kernel: 3, stride: 2, padding: 1 }),
      globalAveragePool,
      linear(registry, "head", { inputs: 64, outputs: 10 }),
    ),
  );
}
