import { reshape } from "../../engine/lang/index.js";
import { conv, convTranspose, flatten, linear, relu } from "../../nn/layers.js";
import { chain, type LayerFunction, type Network, networkOf, Registry } from "../../nn/network.js";
import { normLayer } from "../../nn/norm-layer.js";
import type { NormName } from "../../nn/norms/index.js";

/** An autoencoder, and the same up to its code, with the same parameters. */
export interface Coder {
  readonly whole: Network;
  readonly encoder: Network;
}

interface CoderOptions {
  /** Shape of an image [C, S, S], S a multiple of 4. */
  readonly shape: readonly number[];
  /** Channels of the maps of half and of a quarter of the size. */
  readonly widths: readonly [number, number];
  /** Numbers that an image is coded in. */
  readonly code: number;
  readonly norm: NormName;
}

/**
 * Two strided convolutions and a linear layer down to the code, their mirror image up again; `norm` after every one of them but
 * the last, ReLU after every norm but the code's.
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
