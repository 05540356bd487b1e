import { UserError } from "../../../base/errors.js";
import {
  add,
  concat,
  mean,
  mul,
  neg,
  reshape,
  slice,
  square,
  sub,
  type Traced,
} from "../../../engine/lang/index.js";
import { flatten } from "../../layers.js";
import { type LayerFunction, type Network, networkOf, Registry } from "../../network.js";
import { normLayer } from "../../norm-layer.js";
import type { NormName } from "../../norms/index.js";
import { type Bijection, composed, sumOfSample, volumePreserving } from "./bijection.js";
import { type CouplingOptions, channelCoupling, checkerboardCoupling } from "./coupling.js";
import { couplingNorm } from "./coupling-norm.js";
import { logit } from "./logit.js";
import { factorOut, restore, squeeze } from "./squeeze.js";

export { bitsPerDimension } from "./logit.js";

/** Sizes and normalizations of a RealNVP. */
export interface RealNvpOptions {
  /** Shape of an image, [C, H, W]. */
  readonly shape: readonly [channels: number, height: number, columns: number];
  /** Normalization within the networks of the couplings. */
  readonly norm: NormName;
  /** Norm after each coupling: bn, ln, detached, frozen, actnorm or none. Default: `norm`. */
  readonly couplingNorm?: NormName;
  /** Whether norms after couplings have γ and β. Default false. */
  readonly affine?: boolean;
  /** Number of scales; each but the first halves width and height. Default 2. */
  readonly scales?: number;
  /** Channels within the networks of the couplings. Default 64. */
  readonly width?: number;
  /** Residual blocks within the networks of the couplings. Default 8. */
  readonly blocks?: number;
}

/**
 * A normalizing flow as four networks that share their parameters and buffers. Images are
 * [N, C, H, W], dequantized, with pixels in 0…1.
 */
export interface RealNvp {
  /** Images → log-likelihood of each image in nats, [N]. */
  readonly likelihood: Network;
  /** Images → mean of −log-likelihood over the images, a scalar. */
  readonly loss: Network;
  /** Images → latents [N, C·H·W], standard normal under the model. */
  readonly latents: Network;
  /** Latents [N, C·H·W] → images. Use it in evaluation mode. */
  readonly images: Network;
}

/**
 * Makes a RealNVP, a normalizing flow of affine couplings at several scales:
 *
 *     image → logit → scale 1 ──→ scale 2 ──→ … ──→ last scale
 *                        ↓           ↓                  ↓
 *                      done        done               done        = latents
 *
 *     scale: 3 checkerboard couplings → squeeze → 3 channel-wise couplings → half is done
 *     last scale: 4 checkerboard couplings
 *     log-likelihood(x) = log N(latents; 0, 1) + Σ log |det| of all maps
 *
 * Defaults are those of the code of Zhou et al. (arXiv 2205.15146) for MNIST.
 * Source: Dinh, Sohl-Dickstein and Bengio 2017 (arXiv 1605.08803), the multi-scale architecture.
 *
 * @param options - Image shape, normalizations, scales, width and blocks.
 * @returns Log-likelihood, loss, latents and images as networks.
 * @throws {@link UserError} if width or height cannot be halved often enough, or if a norm after
 * couplings has no inverse.
 *
 * @example
 * ```ts
 * import { realnvp } from "blindspot/nn";
 *
 * const flow = realnvp({ shape: [1, 8, 8], norm: "bn", width: 8, blocks: 1 });
 * console.log(flow.loss.parameters.length === flow.images.parameters.length); // true: shared
 * ```
 */
export function realnvp({
  shape,
  norm,
  couplingNorm: after = norm,
  affine = false,
  scales = 2,
  width = 64,
  blocks = 8,
}: RealNvpOptions): RealNvp {
  const [, height, columns] = shape;
  const multiple = 2 ** (scales - 1);
  if (height % multiple !== 0 || columns % multiple !== 0)
    throw new UserError(
      `realnvp: expected, for ${scales} scales, a height and width that are multiples of ${multiple}, ` +
        `got ${height}×${columns}; change the images or the number of scales`,
    );
  const registry = new Registry();
  const options: CouplingOptions = {
    width,
    blocks,
    norm: normLayer(norm),
    after: (registry, name, channels) => couplingNorm(registry, name, { norm: after, channels, affine }),
  };
  const flow = composed([logit, scaleOf(registry, { scale: 1, scales, shape }, options)]);
  const likelihood: LayerFunction = (pass, x) => {
    const { y, logDeterminant } = flow.forward(pass, x);
    return add(standardNormal(y), logDeterminant);
  };
  return {
    likelihood: networkOf(registry, likelihood),
    loss: networkOf(registry, (pass, x) => neg(mean(likelihood(pass, x)))),
    latents: networkOf(registry, (pass, x) => flow.forward(pass, x).y),
    images: networkOf(registry, (pass, z) => flow.inverse(pass, z)),
  };
}

/** Log-density of z, [N, D], under the standard normal distribution: [N]. */
const standardNormal = (z: Traced): Traced =>
  sub(mul(sumOfSample(square(z)), -0.5), (z.shape[1] / 2) * Math.log(2 * Math.PI));

interface Scale {
  /** Number of this scale, from 1. */
  readonly scale: number;
  /** Number of the last scale. */
  readonly scales: number;
  /** Shape of a sample at this scale. */
  readonly shape: RealNvpOptions["shape"];
}

/** Makes the flow from a scale to the last one: [N, C, H, W] → latents [N, C·H·W]. */
function scaleOf(registry: Registry, { scale, scales, shape }: Scale, options: CouplingOptions): Bijection {
  const [channels, height, columns] = shape;
  const checkerboard = (i: number) => {
    const keptParity = i % 2 === 0 ? 0 : 1;
    return checkerboardCoupling(
      registry,
      `scale${scale}.checkerboard${i + 1}`,
      { shape, keptParity },
      options,
    );
  };
  if (scale === scales) return composed([...[0, 1, 2, 3].map(checkerboard), flattened(shape)]);
  const squeezed = [4 * channels, height / 2, columns / 2] as const;
  const channelwise = (i: number) => {
    const part = { shape: squeezed, keptHalf: i % 2 === 0 ? 0 : 1 } as const;
    return channelCoupling(registry, `scale${scale}.channels${i + 1}`, part, options);
  };
  const here = composed([...[0, 1, 2].map(checkerboard), squeeze, ...[0, 1, 2].map(channelwise)]);
  const half = [2 * channels, height / 2, columns / 2] as const;
  const rest = scaleOf(registry, { scale: scale + 1, scales, shape: half }, options);
  const size = 2 * channels * (height / 2) * (columns / 2);
  return {
    forward: (pass, x) => {
      const { y, logDeterminant } = here.forward(pass, x);
      const { goesOn, done } = factorOut(y);
      const further = rest.forward(pass, goesOn);
      return {
        y: concat([flatten(pass, done), further.y], 1),
        logDeterminant: add(logDeterminant, further.logDeterminant),
      };
    },
    inverse: (pass, z) => {
      const samples = z.shape[0];
      const part = (from: number, to: number) =>
        slice(z, [
          [0, samples],
          [from, to],
        ]);
      const done = reshape(part(0, size), [samples, ...half]);
      return here.inverse(pass, restore(rest.inverse(pass, part(size, 2 * size)), done));
    },
  };
}

const flattened = (shape: readonly number[]): Bijection => ({
  forward: (pass, x) => volumePreserving(flatten(pass, x)),
  inverse: (_, y) => reshape(y, [y.shape[0], ...shape]),
});
