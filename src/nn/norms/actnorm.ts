import { add, exp, log, mul, neg, reshape, sqrt, type Traced } from "../../engine/lang/index.js";
import { noAffine } from "./affine.js";
import { batchAxes, moments, perChannel } from "./moments.js";
import type { Norm, NormOptions } from "./norm.js";

/**
 * ActNorm: y = (x + b)·e^s, with trained b and s per channel. `initialize` sets both from the first
 * batch, so that y starts with mean 0 and variance 1. Later batches give no statistics, so nothing
 * is blocked. Source: Kingma and Dhariwal 2018 (Glow, arXiv 1807.03039).
 */
export function actNorm({ epsilon = 1e-6 }: NormOptions = {}): Norm {
  return {
    title: "ActNorm",
    normalizes: "features",
    epsilon,
    state: ([, channels]) => [
      { name: "bias", shape: [channels], initial: 0, trainable: true },
      { name: "logs", shape: [channels], initial: 0, trainable: true },
    ],
    standardize: (x, [bias, logScale]) => mul(add(x, perChannel(bias, x)), exp(perChannel(logScale, x))),
    initialize: (x) => {
      const { mean, variance } = moments(x, batchAxes(x));
      const flat = (values: Traced) => reshape(values, [x.shape[1]]);
      return [flat(neg(mean)), flat(neg(log(add(sqrt(variance), epsilon))))];
    },
    ...noAffine,
    operator: null,
    blocks: () => null,
  };
}
