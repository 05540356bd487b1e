import { conv, convTranspose, relu } from "../layers.js";
import { chain, type LayerFunction, type Network, network } from "../network.js";
import type { NormName } from "../norms/index.js";
import { normLayer } from "./norm-layer.js";

interface AutoencoderOptions {
  readonly channels: number;
  /** Channels of the encoder's stages; each halves the image, and the decoder mirrors them. */
  readonly widths: readonly number[];
  readonly norm: NormName;
  /** Width and height of an image. */
  readonly size?: number;
}

/** Convolutional autoencoder: strided convolutions down, transposed convolutions up, `norm` and ReLU between. */
export function autoencoder({ channels, widths, norm, size = 32 }: AutoencoderOptions): Network {
  const normed = normLayer(norm);
  return network((registry) => {
    const layers: LayerFunction[] = [];
    let width = channels;
    let side = size;
    for (const [i, next] of widths.entries()) {
      layers.push(conv(registry, `down${i + 1}`, width, next, { kernel: 3, stride: 2, padding: 1 }));
      side /= 2;
      layers.push(normed(registry, `down_norm${i + 1}`, [next, side, side]), relu);
      width = next;
    }
    const mirrored = [...widths.slice(0, -1).reverse(), channels];
    for (const [i, next] of mirrored.entries()) {
      layers.push(convTranspose(registry, `up${i + 1}`, width, next, { kernel: 4, stride: 2, padding: 1 }));
      side *= 2;
      if (i < mirrored.length - 1) layers.push(normed(registry, `up_norm${i + 1}`, [next, side, side]), relu);
      width = next;
    }
    return chain(...layers);
  });
}
