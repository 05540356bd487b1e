import { add } from "../../../engine/lang/index.js";
import { relu } from "../../layers.js";
import { chain, type LayerFunction, type Registry } from "../../network.js";
import type { NormLayer } from "../norm-layer.js";
import { weightNormConv } from "./weight-norm.js";

export interface ResidualOptions {
  /** Channels within. */
  readonly width: number;
  /** Residual blocks of two 3×3 convolutions. */
  readonly blocks: number;
  readonly norm: NormLayer;
}

interface Sizes {
  readonly inputs: number;
  readonly outputs: number;
  readonly height: number;
  readonly columns: number;
}

/**
 * The network that tells a coupling how to scale and shift: 3×3 convolution, residual blocks (norm → ReLU → 3×3,
 * twice), norm → ReLU → 1×1. What enters the last norm is the sum of a 1×1 convolution of every block's output (skip
 * connections). All convolutions have weight norm; those under a norm or a block have filters of length 1.
 * Source: Dinh, Sohl-Dickstein and Bengio 2017, section 3.6 and appendix; the official code of the paper.
 */
export function residualNetwork(
  registry: Registry,
  name: string,
  { inputs, outputs, height, columns }: Sizes,
  { width, blocks, norm }: ResidualOptions,
): LayerFunction {
  const features = [width, height, columns];
  const normed = (place: string) => chain(norm(registry, `${name}.${place}`, features), relu);
  const skip = (place: string) => weightNormConv(registry, `${name}.${place}`, width, width, { kernel: 1 });
  const first = weightNormConv(registry, `${name}.in`, inputs, width, { kernel: 3, length: false });
  const firstSkip = skip("in_skip");
  const stages = Array.from({ length: blocks }, (_, i) => {
    const conv = (place: string, settings: { bias: boolean; length: boolean }) =>
      weightNormConv(registry, `${name}.block${i + 1}.${place}`, width, width, { kernel: 3, ...settings });
    return {
      body: chain(
        normed(`block${i + 1}.norm1`),
        conv("conv1", { bias: false, length: false }),
        normed(`block${i + 1}.norm2`),
        conv("conv2", { bias: true, length: true }),
      ),
      skip: skip(`block${i + 1}.skip`),
    };
  });
  const last = chain(
    normed("out_norm"),
    weightNormConv(registry, `${name}.out`, width, outputs, { kernel: 1 }),
  );
  return (pass, x) => {
    let value = first(pass, x);
    let collected = firstSkip(pass, value);
    for (const { body, skip } of stages) {
      value = add(value, body(pass, value));
      collected = add(collected, skip(pass, value));
    }
    return last(pass, collected);
  };
}
