import type { Tensor } from "../../base/tensor.js";
import type { Traced } from "../../engine/lang/index.js";
import type { Network, NormName, Optimizer } from "../../nn/index.js";
import type { Images } from "./samples.js";

/** Samples with targets: what a family trains and tests on. */
export interface Samples extends Images {
  /** Inputs of the network, [N, …]. */
  readonly inputs: Tensor & { readonly data: Float32Array };
  /** Targets, one row for each input; class numbers as int32. Null where the loss needs none. */
  readonly targets: (Tensor & { readonly data: Float32Array | Int32Array }) | null;
}

/** The unit of a cost: points of accuracy, percent of a squared error, or bits per dimension. */
export type Unit = "points" | "percent" | "bits";

/** The networks of a family, which share their parameters and buffers. */
export interface FamilyNetworks {
  /** The network that is trained. */
  readonly trained: Network;
  /** The network whose outputs are judged. */
  readonly judged: Network;
}

/** A task with a network: images become samples, samples train the network, outputs are judged. */
export interface Task {
  readonly unit: Unit;
  /** The norm that batch norm is compared with: one that looks at one sample at a time. */
  readonly otherNorm: NormName;
  networks(norm: NormName, channels: number): FamilyNetworks;
  /** The optimizer with its rate times `factor`. The rate is among its coefficients. */
  optimizer(factor: number): Optimizer;
  /** The loss of the trained network's outputs. */
  loss(output: Traced, target: Traced | undefined): Traced;
  /** Makes samples of images. `part` tells training and test samples apart. */
  samples(images: Images, part: "train" | "test"): Samples;
  /** The error of a judged output: 0 or 1 for classes, squared error, or bits; for every sample. */
  errors(outputs: Float32Array, samples: Samples, from: number, count: number): number[];
}

/** Samples whose inputs are the pixels. */
export const pixelInputs = (images: Images): Samples["inputs"] => ({
  dtype: "float32",
  shape: [images.count, images.channels, 16, 16],
  data: images.pixels,
});
