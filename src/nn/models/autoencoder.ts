import { conv, convTranspose, relu } from "../layers.js";
import { chain, type LayerFunction, type Network, network } from "../network.js";
import { normLayer } from "../norm-layer.js";
import type { NormName } from "../norms/index.js";

/** Sizes and normalization of an autoencoder. */
export interface AutoencoderOptions {
  /** Channels of an image. */
  readonly channels: number;
  /** Channels of each encoder stage. A stage halves the image; the decoder mirrors the stages. */
  readonly widths: readonly number[];
  /** Normalization after every convolution but the last. */
  readonly norm: NormName;
  /** Width and height of an image. Default 32. */
  readonly size?: number;
}

/**
 * Makes a convolutional autoencoder, from images [N, C, S, S] to reconstructions of that shape:
 *
 *     conv 3×3, stride 2 → norm → ReLU                  each encoder stage
 *     transposed conv 4×4, stride 2 → norm → ReLU       each decoder stage but the last
 *     transposed conv 4×4, stride 2                     last stage
 *
 * @param options - Channels, widths of the stages, normalization and image size.
 * @returns The autoencoder.
 *
 * @example
 * ```ts
 * import { autoencoder } from "blindspot/nn";
 *
 * const net = autoencoder({ channels: 3, widths: [32, 64], norm: "bn" });
 * ```
 */
export function autoencoder({ channels, widths, norm, size = 32 }: AutoencoderOptions): Network {
  const normed = normLayer(norm);
  return network((registry) => {
    const layers: LayerFunction[] = [];
    let width = channels;
    let side = size;
    for (const [i, next] of widths.entries()) {
      layers.push(
        conv(registry, `down${i + 1}`, { inputs: width, outputs: next, kernel: 3, stride: 2, padding: 1 }),
      );
      side /= 2;
      layers.push(normed(registry, `down_norm${i + 1}`, [next, side, side]), relu);
      width = next;
    }
    const mirrored = [...widths.slice(0, -1).reverse(), channels];
    for (const [i, next] of mirrored.entries()) {
      layers.push(
        convTranspose(registry, `up${i + 1}`, {
          inputs: width,
          outputs: next,
          kernel: 4,
          stride: 2,
          padding: 1,
        }),
      );
      side *= 2;
      if (i < mirrored.length - 1) layers.push(normed(registry, `up_norm${i + 1}`, [next, side, side]), relu);
      width = next;
    }
    return chain(...layers);
  });
}
