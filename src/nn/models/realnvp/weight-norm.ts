import { add, conv, div, mul, reshape, sqrt, square, sum } from "../../../engine/lang/index.js";
import { uniformFanIn } from "../../initializers.js";
import type { Initializer, LayerFunction, Registry } from "../../network.js";

interface WeightNormConvSettings {
  /** Channels of the input. */
  readonly inputs: number;
  /** Channels of the output. */
  readonly outputs: number;
  /** Width and height of the kernel, odd. Padding keeps the size of the image. */
  readonly kernel: number;
  /** Whether the layer has a bias per output channel. Default true. */
  readonly bias?: boolean;
  /** Whether the length of each filter is trained; if not, it is 1. Default true. */
  readonly length?: boolean;
}

/**
 * Makes a convolution with weight normalization, [N, inputs, H, W] → [N, outputs, H, W]. Each
 * filter is w = g·v/‖v‖, with a direction v and a length g that starts from ‖v‖. Weight
 * normalization takes no statistics of features, so it blocks nothing of their gradient.
 * Source: Salimans and Kingma 2016 (arXiv 1602.07868); torch.nn.utils.weight_norm.
 */
export function weightNormConv(
  registry: Registry,
  name: string,
  { inputs, outputs, kernel, bias = true, length = true }: WeightNormConvSettings,
): LayerFunction {
  const fanIn = inputs * kernel * kernel;
  const direction = registry.add(`${name}.weight_v`, [outputs, inputs, kernel, kernel], uniformFanIn(fanIn));
  const scale = length
    ? registry.add(`${name}.weight_g`, [outputs, 1, 1, 1], filterLengths(`${name}.weight_v`, fanIn))
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

/** Starts from ‖v‖ of each filter v, which has `fanIn` elements. */
const filterLengths =
  (name: string, fanIn: number): Initializer =>
  (_, data, earlier) => {
    const v = earlier(name);
    for (let i = 0; i < data.length; i++) data[i] = Math.hypot(...v.subarray(i * fanIn, (i + 1) * fanIn));
  };
