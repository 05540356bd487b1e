import { add, log, mul, sigmoid, sub } from "../../../engine/lang/index.js";
import { type Bijection, sumOfSample } from "./bijection.js";

/** Pixels are drawn together to the middle 90 % of 0…1, so that their logits stay finite. */
const CONTRACTION = 0.9;

/**
 * From pixels u in 0…1 to y = logit p with p = ½ + 0.9·(u − ½), all real numbers; log-determinant
 * Σ log 0.9 − log p − log(1 − p). Source: Dinh, Sohl-Dickstein and Bengio 2017, section 4.1; the constant as in the
 * official code.
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
 * Bits per dimension of 8-bit pixels, from the log-likelihood (natural) of dequantized images of `dimensions` pixels in
 * 0…1: 8 where all images are equally likely. An upper bound of the code length. Source: Theis, van den Oord and
 * Bethge 2016, section 3.1.
 */
export const bitsPerDimension = (logLikelihood: number, dimensions: number): number =>
  8 - logLikelihood / (dimensions * Math.LN2);
