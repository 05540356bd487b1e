import type { NodeContext } from "./context.js";

/** Geometry of the sliding window of a convolution or pooling node, one entry per spatial axis. */
export interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: readonly (readonly [before: number, after: number])[];
}

/**
 * Reads the geometry of a window of size `kernel` over spatial axes of size `input`. With
 * `auto_pad` SAME, the window takes ceil(input / stride) positions. If the padding is odd,
 * SAME_UPPER puts the larger half at the end of the axis and SAME_LOWER at the start.
 */
export function windowOf(node: NodeContext, input: readonly number[], kernel: readonly number[]): Window {
  const attribute = (name: string) => node.attributes.numbers(name) ?? kernel.map(() => 1);
  const strides = attribute("strides");
  const dilations = attribute("dilations");
  const pads = node.attributes.numbers("pads");
  const auto = node.attributes.string("auto_pad", "NOTSET");
  const padding = kernel.map((k, i): readonly [number, number] => {
    if (!auto.startsWith("SAME"))
      return auto === "VALID" ? [0, 0] : [pads?.[i] ?? 0, pads?.[i + kernel.length] ?? 0];
    const positions = Math.ceil(input[i] / strides[i]);
    const reach = (positions - 1) * strides[i] + (k - 1) * dilations[i] + 1;
    const total = Math.max(0, reach - input[i]);
    const half = Math.floor(total / 2);
    return auto === "SAME_UPPER" ? [half, total - half] : [total - half, half];
  });
  return { strides, dilations, padding };
}
