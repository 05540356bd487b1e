import { conv, flatten, linear, maxPool, relu } from "../layers.js";
import { chain, type LayerFunction, type Network, network } from "../network.js";
import type { NormName } from "../norms/index.js";
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
  readonly classes?: number;
}

/** VGG for 32×32 images: every convolution followed by `norm` and ReLU, one linear layer at the end. */
export function vgg({ depth, norm, classes = 10 }: VggOptions): Network {
  return network((registry) => {
    const layers: LayerFunction[] = [];
    let channels = 3;
    let size = 32;
    let index = 0;
    for (const width of CONFIGURATIONS[depth]) {
      if (width === "pool") {
        layers.push(maxPool(2));
        size /= 2;
        continue;
      }
      index++;
      layers.push(conv(registry, `conv${index}`, channels, width, { kernel: 3, padding: 1 }));
      layers.push(normLayer(norm)(registry, `norm${index}`, [width, size, size]), relu);
      channels = width;
    }
    return chain(...layers, flatten, linear(registry, "head", channels, classes));
  });
}
