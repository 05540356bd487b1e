import { UserError } from "../../src/base/errors.js";
import type { Traced } from "../../src/engine/lang/index.js";
import { crossEntropy, meanSquaredError } from "../../src/nn/losses.js";
import { autoencoder, densenet, mlp, resnet, vgg } from "../../src/nn/models/index.js";
import type { Network } from "../../src/nn/network.js";
import { coupling, negativeLogLikelihood } from "./coupling.js";
import { dilated } from "./dilated.js";
import { mobilenet } from "./mobilenet.js";
import { pooled } from "./pooled.js";
import { resnext } from "./resnext.js";
import { temporal } from "./temporal.js";
import { unet } from "./unet.js";
import { volumes } from "./volumes.js";

/** A loss from the output, the input x and class numbers. */
type Loss = (output: Traced, x: Traced, target: Traced) => Traced;

/** A network of the benchmarks with its samples and its loss. */
interface Subject {
  readonly build: () => Network;
  /** Shape of one sample. */
  readonly sample: readonly number[];
  readonly loss: Loss;
}

const classes: Loss = (output, _, target) => crossEntropy(output, target);
const reconstruction: Loss = (output, x) => meanSquaredError(output, x);
const CIFAR = [3, 32, 32];
const MNIST = [1, 28, 28];

/**
 * Finds a network of the benchmarks by its name. `resnet-3x32` is a ResNet of three stages with 3
 * blocks each and 32 channels in the first stage.
 */
export function subject(name: string): Subject {
  const [, blocks, width] = (/^resnet-(\d+)x(\d+)$/.exec(name) ?? []).map(Number);
  if (blocks !== undefined)
    return {
      build: () => resnet({ blocks: [blocks, blocks, blocks], norm: "bn", width }),
      sample: CIFAR,
      loss: classes,
    };
  const known = NETWORKS[name];
  if (known === undefined)
    throw new UserError(`network ${name}: expected one of ${Object.keys(NETWORKS).join(", ")} or resnet-BxW`);
  return known;
}

/** Every network of the benchmarks. models.py has the same networks in PyTorch. */
export const NETWORKS: Readonly<Record<string, Subject>> = {
  vgg11: { build: () => vgg({ depth: 11, norm: "bn" }), sample: CIFAR, loss: classes },
  resnet18: { build: () => resnet({ blocks: [2, 2, 2, 2], norm: "bn" }), sample: CIFAR, loss: classes },
  densenet121: {
    build: () => densenet({ blocks: [6, 12, 24, 16], norm: "bn" }),
    sample: CIFAR,
    loss: classes,
  },
  mlp: {
    build: () => mlp({ inputs: 784, hidden: [512, 256, 128], norm: "bn" }),
    sample: MNIST,
    loss: classes,
  },
  autoencoder: {
    build: () => autoencoder({ channels: 3, widths: [32, 64], norm: "bn" }),
    sample: CIFAR,
    loss: reconstruction,
  },
  mobilenet: { build: mobilenet, sample: CIFAR, loss: classes },
  unet: { build: unet, sample: CIFAR, loss: reconstruction },
  dilated: { build: dilated, sample: CIFAR, loss: classes },
  coupling: { build: coupling, sample: MNIST, loss: negativeLogLikelihood },
  resnext: { build: resnext, sample: CIFAR, loss: classes },
  pooled: { build: pooled, sample: [3, 64, 64], loss: classes },
  temporal: { build: temporal, sample: [8, 256], loss: classes },
  volumes: { build: volumes, sample: [1, 16, 16, 16], loss: classes },
};
