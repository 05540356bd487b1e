import { conv, flatten, linear, maxPool, relu } from "../layers.js";
import { chain, type LayerFunction, Registry } from "../network.js";
import { normLayer } from "../norm-layer.js";
import type { NormName } from "../norms/index.js";
import { type Classifier, classifier } from "./classifier.js";

/**
 * Channels of the convolutions of each configuration, for a width of 64; "pool" halves the image.
 * Source: Simonyan and Zisserman 2015 (arXiv 1409.1556), the configurations A, B and D.
 */
const CONFIGURATIONS = {
  11: [64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool"],
  13: [64, 64, "pool", 128, 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool"],
  16: [
    ...[64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool"],
    ...[512, 512, 512, "pool", 512, 512, 512, "pool"],
  ],
} as const satisfies Record<VggOptions["depth"], readonly (number | "pool")[]>;

/** Sizes and normalization of a VGG network. */
export interface VggOptions {
  /** Number of the configuration: 11, 13 or 16. */
  readonly depth: 11 | 13 | 16;
  /** Normalization of the network. */
  readonly norm: NormName;
  /** Channels of the first convolution; all others scale with them. Default 64. */
  readonly width?: number;
  /** Number of classes. Default 10. */
  readonly classes?: number;
}

/**
 * Makes a VGG network for images [N, 3, 32, 32] with one linear layer at the end. Every convolution
 * is followed by the norm and ReLU. Source: Simonyan and Zisserman 2015 (arXiv 1409.1556).
 *
 * @param options - Depth, normalization, width and number of classes.
 * @returns The classifier.
 *
 * @example
 * ```ts
 * import { vgg } from "blindspot/nn";
 *
 * const net = vgg({ depth: 11, width: 16, norm: "bn" });
 * ```
 */
export function vgg({ depth, norm, width = 64, classes = 10 }: VggOptions): Classifier {
  const registry = new Registry();
  const { layers, channels } = convolutions(registry, { depth, norm, width });
  const head = linear(registry, "head", { inputs: channels, outputs: classes });
  return classifier(registry, { body: chain(...layers, flatten), head });
}

/** Units of each hidden layer above the convolutions, for a width of 64. */
const HIDDEN = 4096;

/**
 * Makes a VGG network for images [N, 3, 32, 32] with a single norm, in the first of three linear
 * layers. Source: the experiments of Zhou et al. 2024 (arXiv 2205.15146); without their
 * dropout.
 *
 * @param options - Depth, normalization, width and number of classes.
 * @returns The classifier.
 *
 * @example
 * ```ts
 * import { vggNormedOnce } from "blindspot/nn";
 *
 * const net = vggNormedOnce({ depth: 11, width: 16, norm: "bn" });
 * ```
 */
export function vggNormedOnce({ depth, norm, width = 64, classes = 10 }: VggOptions): Classifier {
  const registry = new Registry();
  const { layers, channels } = convolutions(registry, { depth, norm: "none", width });
  const units = (HIDDEN * width) / 64;
  const body = chain(
    ...layers,
    flatten,
    linear(registry, "fc1", { inputs: channels, outputs: units }),
    normLayer(norm)(registry, "norm", [units]),
    relu,
    linear(registry, "fc2", { inputs: units, outputs: units }),
    relu,
  );
  return classifier(registry, { body, head: linear(registry, "head", { inputs: units, outputs: classes }) });
}

/** The convolutions of a configuration, down to a 1×1 map, and the channels of that map. */
function convolutions(
  registry: Registry,
  { depth, norm, width }: Required<Omit<VggOptions, "classes">>,
): { layers: LayerFunction[]; channels: number } {
  const layers: LayerFunction[] = [];
  let channels = 3;
  let size = 32;
  let index = 0;
  for (const step of CONFIGURATIONS[depth]) {
    if (step === "pool") {
      layers.push(maxPool(2));
      size /= 2;
      continue;
    }
    index++;
    const outputs = (step * width) / 64;
    layers.push(conv(registry, `conv${index}`, { inputs: channels, outputs, kernel: 3, padding: 1 }));
    layers.push(normLayer(norm)(registry, `norm${index}`, [outputs, size, size]), relu);
    channels = outputs;
  }
  return { layers, channels };
}
