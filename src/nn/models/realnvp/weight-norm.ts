import { add, conv, div, mul, reshape, sqrt, square, sum } from "../../../engine/lang/index.js";
import { uniformFanIn } from "../../layers.js";
import type { Initializer, LayerFunction, Registry } from "../../network.js";

interface WeightNormConvSettings {
  /** Width and height of the kernel, odd; the image keeps its size. */
  readonly kernel: number;
  readonly bias?: boolean;
  /** Train the length of every filter; otherwise filters have length 1. Default true. */
  readonly length?: boolean;
}

/**
 * Convolution of [N, inputs, H, W] whose filters are given by direction and length: w = g·v/‖v‖ for every output, with g
 * starting from ‖v‖. No statistics of the features, so nothing is blocked. Source: Salimans and Kingma 2016;
 * torch.nn.utils.weight_norm.
 */
export function weightNormConv(
  registry: Registry,
  name: string,
  inputs: number,
  outputs: number,
  { kernel, bias = true, length = true }: WeightNormConvSettings,
): LayerFunction {
  const fanIn = inputs * kernel * kernel;
  const direction = registry.add(`${name}.weight_v`, [outputs, inputs, kernel, kernel], uniformFanIn(fanIn));
  const scale = length
    ? registry.add(`${name}.weight_g`, [outputs, 1, 1, 1], lengthsOf(`${name}.weight_v`, fanIn))
    : null;
  const offset = bias ? registry.add(`${name}.bias`, [outputs], uniformFanIn(fanIn)) : null;
  const reach = (kernel - 1) / 2;
  const options = {
    strides: [1, 1],
    padding: [
      [reach, reach],
      [reach, reach],
    ] as const,
    dilations: [1, 1],
    groups: 1,
  };
  return (pass, x) => {
    const v = direction(pass);
    const unit = div(v, sqrt(sum(square(v), [1, 2, 3], { keepdims: true })));
    const y = conv(x, scale === null ? unit : mul(unit, scale(pass)), options);
    return offset === null ? y : add(y, reshape(offset(pass), [outputs, 1, 1]));
  };
}

/** ‖v‖ of every filter, `fanIn` numbers each. */
const lengthsOf =
  (name: string, fanIn: number): Initializer =>
  (_, data, earlier) => {
    const v = earlier(name);
    for (let i = 0; i < data.length; i++) data[i] = Math.hypot(...v.subarray(i * fanIn, (i + 1) * fanIn));
  };
