import type { NormName } from "../norms/index.js";
import type { Classifier } from "./classifier.js";
import { densenet } from "./densenet.js";
import { resnet } from "./resnet.js";
import { vgg, vggNormedOnce } from "./vgg.js";

/** Settings that every classifier of the table takes. */
export interface ClassifierOptions {
  /** Normalization of the network. */
  readonly norm: NormName;
  /** Number of classes. Default 10. */
  readonly classes?: number;
  /**
   * Channels of the first stage; for DenseNet, channels that each layer adds. Default: as in the
   * network's paper.
   */
  readonly width?: number;
}

/** Channels of the first stage of ResNet-8 and ResNet-20; those of He et al. 2016 for CIFAR-10. */
const NARROW = 16;

/**
 * Classifiers of images [N, 3, 32, 32] by name: each entry makes the network from its options. A
 * new classifier is one entry.
 *
 * @example
 * ```ts
 * import { classifiers } from "blindspot/nn";
 *
 * const net = classifiers.resnet20({ norm: "gn:4", classes: 100 });
 * ```
 */
export const classifiers = {
  vgg11: (options) => vgg({ depth: 11, ...options }),
  vgg13: (options) => vgg({ depth: 13, ...options }),
  vgg16: (options) => vgg({ depth: 16, ...options }),
  "vgg11-one-norm": (options) => vggNormedOnce({ depth: 11, ...options }),
  resnet8: (options) => resnet({ blocks: [1, 1, 1], width: NARROW, ...options }),
  resnet20: (options) => resnet({ blocks: [3, 3, 3], width: NARROW, ...options }),
  resnet18: (options) => resnet({ blocks: [2, 2, 2, 2], ...options }),
  resnet34: (options) => resnet({ blocks: [3, 4, 6, 3], ...options }),
  densenet121: ({ width, ...options }) => densenet({ blocks: [6, 12, 24, 16], growth: width, ...options }),
} as const satisfies Record<string, (options: ClassifierOptions) => Classifier>;

/** Name of a classifier of the table. */
export type ClassifierName = keyof typeof classifiers;

/** Names of all classifiers of the table. */
export const classifierNames = Object.keys(classifiers) as readonly ClassifierName[];
