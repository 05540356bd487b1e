import { UserError } from "../../base/errors.js";
import { tanh } from "../../engine/lang/index.js";
import { conv, convTranspose, flatten, leakyRelu, normally, relu } from "../layers.js";
import { chain, type LayerFunction, type Network, network, networkOf, Registry } from "../network.js";
import type { NormName } from "../norms/index.js";
import { normLayer } from "./norm-layer.js";

interface GanOptions {
  /** Width and height of an image, a multiple of 2^stages. */
  readonly size: number;
  readonly channels: number;
  /** Channels of the stage next to the image; each further one has twice as many. */
  readonly width: number;
  /** How often the discriminator halves the image, and the generator doubles it. */
  readonly stages: number;
  readonly norm: NormName;
}

/** How DCGAN starts: convolutions from N(0, 0.02²), the scales of norms from N(1, 0.02²). */
const initialize = normally(0, 0.02);
const dcganNorm = (norm: NormName) => normLayer(norm, {}, normally(1, 0.02));

/** A discriminator, and the same up to the features that its last convolution sees, [N, D]; of the same parameters. */
export interface Discriminator {
  readonly whole: Network;
  readonly body: Network;
}

/**
 * DCGAN's discriminator: strided 4×4 convolutions with leaky ReLU (0.2), `norm` after all but the first, and one that covers
 * what is left; no biases. From images [N, C, S, S] to logits [N, 1].
 * Source: Radford, Metz and Chintala 2016; sizes and initialization of PyTorch's DCGAN example (64×64, width 64, 4 stages).
 */
export function discriminator({ size, channels, width, stages, norm }: GanOptions): Discriminator {
  let side = size;
  const registry = new Registry();
  const layers: LayerFunction[] = [];
  let inputs = channels;
  for (let i = 0; i < stages; i++) {
    const outputs = width * 2 ** i;
    const shape = { kernel: 4, stride: 2, padding: 1, bias: false, initialize };
    layers.push(conv(registry, `conv${i + 1}`, inputs, outputs, shape));
    side /= 2;
    if (i > 0) layers.push(dcganNorm(norm)(registry, `norm${i + 1}`, [outputs, side, side]));
    layers.push(leakyRelu(0.2));
    inputs = outputs;
  }
  const kernel = sideBelow(size, stages);
  const head = conv(registry, "head", inputs, 1, { kernel, bias: false, initialize });
  return {
    whole: networkOf(registry, chain(...layers, head, flatten)),
    body: networkOf(registry, chain(...layers, flatten)),
  };
}

/**
 * DCGAN's generator, the discriminator's mirror image: transposed convolutions, `norm` and ReLU after all but the last, tanh at
 * the end. From latent vectors [N, Z, 1, 1] to images [N, C, S, S] with values in −1…1. Source as for `discriminator`.
 */
export function generator({
  size,
  channels,
  width,
  stages,
  norm,
  latent,
}: GanOptions & { readonly latent: number }): Network {
  let side = sideBelow(size, stages);
  return network((registry) => {
    const layers: LayerFunction[] = [];
    let inputs = latent;
    for (let i = stages; i >= 0; i--) {
      const outputs = i === 0 ? channels : width * 2 ** (i - 1);
      const first = i === stages;
      const shape = first ? { kernel: side } : { kernel: 4, stride: 2, padding: 1 };
      if (!first) side *= 2;
      const [deconv, normed] = [`deconv${stages - i + 1}`, `norm${stages - i + 1}`];
      layers.push(convTranspose(registry, deconv, inputs, outputs, { ...shape, bias: false, initialize }));
      if (i > 0) layers.push(dcganNorm(norm)(registry, normed, [outputs, side, side]), relu);
      inputs = outputs;
    }
    return chain(...layers, (_, x) => tanh(x));
  });
}

/** Width and height of the maps that are left after halving so often. */
function sideBelow(size: number, stages: number): number {
  const side = size / 2 ** stages;
  if (!Number.isInteger(side))
    throw new UserError(
      `GAN of ${stages} stages: expected images of a size that is a multiple of ${2 ** stages}, got ${size}`,
    );
  return side;
}
