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
import type { NormName } from "../../norms/index.js";
import { normLayer } from "../norm-layer.js";
import { type Bijection, composed, sumOfSample, unchanged } from "./bijection.js";
import { type CouplingOptions, channelCoupling, checkerboardCoupling } from "./coupling.js";
import { couplingNorm } from "./coupling-norm.js";
import { logit } from "./logit.js";
import { factorOut, restore, squeeze } from "./squeeze.js";

export { bitsPerDimension } from "./logit.js";

interface RealNvpOptions {
  /** Of an image: [C, H, W]. */
  readonly shape: readonly [channels: number, height: number, columns: number];
  /** Within the networks of the couplings, and after couplings unless `couplingNorm` says otherwise. */
  readonly norm: NormName;
  /** After couplings: bn, ln, detached, frozen, actnorm or none. */
  readonly couplingNorm?: NormName;
  /** Whether norms after couplings have γ and β. Not in the official code: default false. */
  readonly affine?: boolean;
  /** Halvings of the image plus one. Default 2. */
  readonly scales?: number;
  /** Channels within the networks of the couplings. Default 64. */
  readonly width?: number;
  /** Residual blocks of these networks. Default 8. */
  readonly blocks?: number;
}

/** A flow as networks that share their parameters and buffers. */
export interface RealNvp {
  /** From images [N, C, H, W] of pixels in 0…1, dequantized, to their log-likelihood, natural: [N]. */
  readonly likelihood: Network;
  /** From such images to the mean of −log-likelihood, one number. */
  readonly loss: Network;
  /** From such images to latents [N, C·H·W], which are standard normal under the model. */
  readonly latents: Network;
  /** From latents back to images: samples, if the latents are standard normal. Use it in evaluation. */
  readonly images: Network;
}

/**
 * RealNVP: a normalizing flow of affine couplings at several scales. A scale has three checkerboard couplings, a squeeze and three
 * channel-wise ones, then half of the variables are done; the last scale has four checkerboard couplings. Defaults are the
 * official code's for MNIST. Throws a UserError for sizes that cannot be halved and norms that do not fit.
 * Source: Dinh, Sohl-Dickstein and Bengio 2017 (arXiv 1605.08803); the official code of the paper.
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
      `realnvp: ${scales} scales need a height and width that are multiples of ${multiple}, got ${height}×${columns}`,
    );
  const registry = new Registry();
  const options: CouplingOptions = {
    width,
    blocks,
    norm: normLayer(norm),
    after: (registry, name, channels) => couplingNorm(after, registry, name, channels, { affine }),
  };
  const flow = composed([logit, scaleOf(registry, 1, scales, shape, options)]);
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

/** log density of z [N, D] under the standard normal distribution: [N]. */
const standardNormal = (z: Traced): Traced =>
  sub(mul(sumOfSample(square(z)), -0.5), (z.shape[1] / 2) * Math.log(2 * Math.PI));

/** The flow from scale number `scale` on: maps [N, C, H, W] to latents [N, C·H·W]. */
function scaleOf(
  registry: Registry,
  scale: number,
  scales: number,
  shape: RealNvpOptions["shape"],
  options: CouplingOptions,
): Bijection {
  const [channels, height, columns] = shape;
  const checkerboard = (i: number) =>
    checkerboardCoupling(registry, `scale${scale}.checkerboard${i + 1}`, shape, i % 2 === 0 ? 1 : 0, options);
  if (scale === scales) return composed([...[0, 1, 2, 3].map(checkerboard), flattened(shape)]);
  const squeezed = [4 * channels, height / 2, columns / 2] as const;
  const channelwise = (i: number) =>
    channelCoupling(registry, `scale${scale}.channels${i + 1}`, squeezed, i % 2 === 0 ? 0 : 1, options);
  const here = composed([...[0, 1, 2].map(checkerboard), squeeze, ...[0, 1, 2].map(channelwise)]);
  const half = [2 * channels, height / 2, columns / 2] as const;
  const rest = scaleOf(registry, scale + 1, scales, half, options);
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
  forward: (pass, x) => unchanged(flatten(pass, x)),
  inverse: (_, y) => reshape(y, [y.shape[0], ...shape]),
});
