import { UserError } from "../../base/errors.js";
import { tanh } from "../../engine/lang/index.js";
import { normalValues } from "../initializers.js";
import { conv, convTranspose, flatten, leakyRelu, relu } from "../layers.js";
import { chain, type LayerFunction, type Network, network, networkOf, Registry } from "../network.js";
import { normLayer } from "../norm-layer.js";
import type { NormName } from "../norms/index.js";

/** Sizes and normalization of DCGAN's discriminator and generator. */
export interface GanOptions {
  /** Width and height of an image, a multiple of 2^stages. */
  readonly size: number;
  /** Channels of an image. */
  readonly channels: number;
  /** Channels of the stage next to the image; each further stage has twice as many. */
  readonly width: number;
  /** Number of halvings in the discriminator, and of doublings in the generator. */
  readonly stages: number;
  /** Normalization between the convolutions. */
  readonly norm: NormName;
}

/** Sizes and normalization of DCGAN's generator. */
export interface GeneratorOptions extends GanOptions {
  /** Length of a latent vector. */
  readonly latent: number;
}

/** First kernels of DCGAN: N(0, 0.02²). */
const initialize = normalValues(0, 0.02);
/** A norm of DCGAN, whose scales start from N(1, 0.02²). */
const dcganNorm = (norm: NormName) => normLayer(norm, {}, normalValues(1, 0.02));

/** A discriminator as two networks that share their parameters. */
export interface Discriminator {
  /** Images [N, C, S, S] → logits [N, 1]. */
  readonly whole: Network;
  /** Images [N, C, S, S] → the features that enter the last convolution, [N, D]. */
  readonly body: Network;
}

/**
 * Makes DCGAN's discriminator, from images [N, C, S, S] to logits [N, 1]:
 *
 *     conv 4×4, stride 2 → leaky ReLU (0.2)              first stage
 *     conv 4×4, stride 2 → norm → leaky ReLU (0.2)       further stages
 *     conv over all remaining positions                  head
 *
 * No convolution has a bias. Source: Radford, Metz and Chintala 2016 (arXiv 1511.06434); sizes and
 * initialization follow PyTorch's DCGAN example (64×64 images, width 64, 4 stages).
 *
 * @param options - Image size, channels, width, stages and normalization.
 * @returns The discriminator, whole and without its head.
 * @throws {@link UserError} if the size is not a multiple of 2^stages.
 *
 * @example
 * ```ts
 * import { discriminator } from "blindspot/nn";
 *
 * const { whole } = discriminator({ size: 16, channels: 1, width: 8, stages: 2, norm: "bn" });
 * console.log(whole.parameters.map(({ name }) => name)); // conv1.weight, conv2.weight, …
 * ```
 */
export function discriminator({ size, channels, width, stages, norm }: GanOptions): Discriminator {
  let side = size;
  const registry = new Registry();
  const layers: LayerFunction[] = [];
  let inputs = channels;
  for (let i = 0; i < stages; i++) {
    const outputs = width * 2 ** i;
    const shape = { kernel: 4, stride: 2, padding: 1, bias: false, initialize };
    layers.push(conv(registry, `conv${i + 1}`, { inputs, outputs, ...shape }));
    side /= 2;
    if (i > 0) layers.push(dcganNorm(norm)(registry, `norm${i + 1}`, [outputs, side, side]));
    layers.push(leakyRelu(0.2));
    inputs = outputs;
  }
  const kernel = sideBelow(size, stages);
  const head = conv(registry, "head", { inputs, outputs: 1, kernel, bias: false, initialize });
  return {
    whole: networkOf(registry, chain(...layers, head, flatten)),
    body: networkOf(registry, chain(...layers, flatten)),
  };
}

/**
 * Makes DCGAN's generator, from latent vectors [N, Z, 1, 1] to images [N, C, S, S] in −1…1:
 *
 *     transposed conv to the smallest map → norm → ReLU     first stage
 *     transposed conv 4×4, stride 2 → norm → ReLU           further stages
 *     transposed conv 4×4, stride 2 → tanh                  last stage
 *
 * No convolution has a bias. Source: as for {@link discriminator}.
 *
 * @param options - Image size, channels, width, stages, normalization and latent length.
 * @returns The generator.
 * @throws {@link UserError} if the size is not a multiple of 2^stages.
 *
 * @example
 * ```ts
 * import { generator } from "blindspot/nn";
 *
 * const net = generator({ size: 16, channels: 1, width: 8, stages: 2, norm: "bn", latent: 32 });
 * ```
 */
export function generator({ size, channels, width, stages, norm, latent }: GeneratorOptions): Network {
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
      layers.push(convTranspose(registry, deconv, { inputs, outputs, ...shape, bias: false, initialize }));
      if (i > 0) layers.push(dcganNorm(norm)(registry, normed, [outputs, side, side]), relu);
      inputs = outputs;
    }
    return chain(...layers, (_, x) => tanh(x));
  });
}

/** Width and height of the map after `stages` halvings. */
function sideBelow(size: number, stages: number): number {
  const side = size / 2 ** stages;
  if (!Number.isInteger(side))
    throw new UserError(
      `GAN of ${stages} stages: expected an image size that is a multiple of ${2 ** stages}, got ${size}; ` +
        "change the size or the number of stages",
    );
  return side;
}
