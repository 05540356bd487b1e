import { reshape } from "../../engine/lang/index.js";
import { conv, convTranspose, flatten, linear, relu } from "../../nn/layers.js";
import { chain, type LayerFunction, type Network, networkOf, Registry } from "../../nn/network.js";
import { normLayer } from "../../nn/norm-layer.js";
import type { NormName } from "../../nn/norms/index.js";

/** An autoencoder and its encoder. Both networks use one list of parameters. */
export interface Coder {
  /** Image to reconstruction. */
  readonly whole: Network;
  /** Image to code. */
  readonly encoder: Network;
}

interface CoderOptions {
  /** Shape of an image, [C, S, S]. S is a multiple of 4. */
  readonly shape: readonly number[];
  /** Channels of the feature maps of size S/2 and of size S/4. */
  readonly widths: readonly [number, number];
  /** Numbers that encode one image. */
  readonly code: number;
  readonly norm: NormName;
}

/**
 * Makes an autoencoder. The encoder has two strided convolutions and a linear layer; the decoder
 * mirrors it. `norm` follows every layer but the last. ReLU follows every norm but the norm of the
 * code.
 */
export function coder({ shape, widths, code, norm }: CoderOptions): Coder {
  const registry = new Registry();
  const normed = (name: string, features: readonly number[]) => normLayer(norm)(registry, name, features);
  const [channels, size] = shape as [number, number];
  const [half, quarter] = [size / 2, size / 4];
  const [first, second] = widths;
  const units = second * quarter ** 2;
  const maps: LayerFunction = (_, x) => reshape(x, [x.shape[0], second, quarter, quarter]);

  const encoder = chain(
    conv(registry, "down1", { inputs: channels, outputs: first, kernel: 3, stride: 2, padding: 1 }),
    normed("down1_norm", [first, half, half]),
    relu,
    conv(registry, "down2", { inputs: first, outputs: second, kernel: 3, stride: 2, padding: 1 }),
    normed("down2_norm", [second, quarter, quarter]),
    relu,
    flatten,
    linear(registry, "code", { inputs: units, outputs: code }),
    normed("code_norm", [code]),
  );
  const decoder = chain(
    linear(registry, "up1", { inputs: code, outputs: units }),
    normed("up1_norm", [units]),
    relu,
    maps,
    convTranspose(registry, "up2", { inputs: second, outputs: first, kernel: 4, stride: 2, padding: 1 }),
    normed("up2_norm", [first, half, half]),
    relu,
    convTranspose(registry, "up3", { inputs: first, outputs: channels, kernel: 4, stride: 2, padding: 1 }),
  );
  return { whole: networkOf(registry, chain(encoder, decoder)), encoder: networkOf(registry, encoder) };
}
