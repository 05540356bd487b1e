import { add, log, mul, sigmoid, sub } from "../../../engine/lang/index.js";
import { type Bijection, sumOfSample } from "./bijection.js";

/** Pixels are contracted to the middle 90 % of 0…1, so that their logits stay finite. */
const CONTRACTION = 0.9;

/**
 * Maps pixels u in 0…1 to logits:
 *
 *     p = ½ + 0.9·(u − ½)
 *     y = log p − log(1 − p)
 *     log |det ∂y/∂u| = Σ (log 0.9 − log p − log(1 − p))
 *
 * Source: Dinh, Sohl-Dickstein and Bengio 2017, the logits of pixels; 0.9 as in the code of
 * Zhou et al. (arXiv 2205.15146).
 */
export const logit: Bijection = {
  forward: (_, u) => {
    const p = add(mul(u, CONTRACTION), (1 - CONTRACTION) / 2);
    const [upper, lower] = [log(p), log(sub(1, p))];
    return {
      y: sub(upper, lower),
      logDeterminant: sumOfSample(sub(Math.log(CONTRACTION), add(upper, lower))),
    };
  },
  inverse: (_, y) => mul(sub(sigmoid(y), (1 - CONTRACTION) / 2), 1 / CONTRACTION),
};

/**
 * Bits per dimension of 8-bit pixels: 8 − log-likelihood/(dimensions·log 2). It is 8 if all images
 * are equally likely, and an upper bound of the code length per pixel value.
 * Source: Theis, van den Oord and Bethge 2016 (arXiv 1511.01844), log-likelihood.
 *
 * @param logLikelihood - Log-likelihood of a dequantized image with pixels in 0…1, in nats.
 * @param dimensions - Number of pixel values of the image, C·H·W.
 * @returns Bits per dimension.
 *
 * @example
 * ```ts
 * import { bitsPerDimension } from "blindspot/nn";
 *
 * console.log(bitsPerDimension(784 * Math.log(2), 784)); // 7
 * ```
 */
export const bitsPerDimension = (logLikelihood: number, dimensions: number): number =>
  8 - logLikelihood / (dimensions * Math.LN2);
