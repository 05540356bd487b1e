import { add, div, mean, mul, reshape, sqrt, square, sub } from "../../engine/lang/index.js";
import { constantly } from "../layers.js";
import type { LayerFunction, Registry } from "../network.js";

/** Makes a normalization layer for `channels` channels (axis 1) and registers its affine parameters. */
export type NormLayer = (registry: Registry, name: string, channels: number) => LayerFunction;

/** Batch normalization in training form: statistics of the batch, then γ and β per channel. */
export const batchNorm: NormLayer = (registry, name, channels) => {
  const gamma = registry.add(`${name}.weight`, [channels], constantly(1));
  const beta = registry.add(`${name}.bias`, [channels], constantly(0));
  return (values, x) => {
    const axes = x.shape.map((_, i) => i).filter((i) => i !== 1);
    const perChannel = [channels, ...axes.slice(1).map(() => 1)];
    const centered = sub(x, mean(x, axes, { keepdims: true }));
    const sigma = sqrt(add(mean(square(centered), axes, { keepdims: true }), 1e-5));
    const y = div(centered, sigma);
    return add(mul(y, reshape(gamma(values), perChannel)), reshape(beta(values), perChannel));
  };
};
