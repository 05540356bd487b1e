import { conv, flatten, linear, maxPool, relu } from "../layers.js";
import { chain, type LayerFunction, Registry } from "../network.js";
import type { NormName } from "../norms/index.js";
import { type Classifier, classifier } from "./classifier.js";
import { normLayer } from "./norm-layer.js";

/** Widths of the convolutions of each configuration; "pool" halves the image. Simonyan & Zisserman 2015, table 1. */
const CONFIGURATIONS = {
  11: [64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool"],
  13: [64, 64, "pool", 128, 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool"],
  16: [
    ...[64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool"],
    ...[512, 512, 512, "pool", 512, 512, 512, "pool"],
  ],
} as const satisfies Record<number, readonly (number | "pool")[]>;

interface VggOptions {
  readonly depth: keyof typeof CONFIGURATIONS;
  readonly norm: NormName;
  /** Channels of the first convolution, on which all others depend. Default 64. */
  readonly width?: number;
  readonly classes?: number;
}

/** VGG for 32×32 images: every convolution followed by `norm` and ReLU, one linear layer at the end. */
export function vgg({ depth, norm, width = 64, classes = 10 }: VggOptions): Classifier {
  const registry = new Registry();
  const { layers, channels } = convolutions(registry, { depth, norm, width });
  const head = linear(registry, "head", channels, classes);
  return classifier(registry, { body: chain(...layers, flatten), head });
}

/** Units of each hidden layer above the convolutions, for a width of 64. */
const HIDDEN = 4096;

/**
 * VGG as in the paper's experiments: no norm between the convolutions, one in the first of three linear layers. Their
 * dropout is left out.
 */
export function vggNormedOnce({ depth, norm, width = 64, classes = 10 }: VggOptions): Classifier {
  const registry = new Registry();
  const { layers, channels } = convolutions(registry, { depth, norm: "none", width });
  const units = (HIDDEN * width) / 64;
  const body = chain(
    ...layers,
    flatten,
    linear(registry, "fc1", channels, units),
    normLayer(norm)(registry, "norm", [units]),
    relu,
    linear(registry, "fc2", units, units),
    relu,
  );
  return classifier(registry, { body, head: linear(registry, "head", units, classes) });
}

/** The layers of a configuration, down to one position, and the channels that they end with. */
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
    layers.push(conv(registry, `conv${index}`, channels, outputs, { kernel: 3, padding: 1 }));
    layers.push(normLayer(norm)(registry, `norm${index}`, [outputs, size, size]), relu);
    channels = outputs;
  }
  return { layers, channels };
}
