import { add } from "../../../engine/lang/index.js";
import { relu } from "../../layers.js";
import { chain, type LayerFunction, type Registry } from "../../network.js";
import type { NormLayer } from "../../norm-layer.js";
import { weightNormConv } from "./weight-norm.js";

/** Settings of the residual networks within couplings. */
export interface ResidualOptions {
  /** Channels of every inner map. */
  readonly width: number;
  /** Number of residual blocks. */
  readonly blocks: number;
  /** Normalization of the inner maps. */
  readonly norm: NormLayer;
}

interface Sizes {
  /** Channels of the input. */
  readonly inputs: number;
  /** Channels of the output. */
  readonly outputs: number;
  readonly height: number;
  readonly columns: number;
}

/**
 * Makes the residual network that gives a coupling its scale and shift,
 * [N, inputs, H, W] → [N, outputs, H, W]:
 *
 *     x → conv 3×3 ──┬──→ block 1 ──┬──→ block 2 ──┬──→ …
 *                    ↓              ↓              ↓
 *                 conv 1×1       conv 1×1       conv 1×1
 *                    └──────────→ + ──────────→ + ──→ … → norm → ReLU → conv 1×1
 *
 *     block: u → u + conv 3×3(ReLU(norm(conv 3×3(ReLU(norm(u))))))
 *
 * Every convolution has weight normalization. The first one, and the first one of each block, have
 * filters of length 1: a norm or a block follows.
 * Source: Dinh, Sohl-Dickstein and Bengio 2017, residual networks in couplings; layout of the
 * code of Zhou et al. (arXiv 2205.15146).
 */
export function residualNetwork(
  registry: Registry,
  name: string,
  { inputs, outputs, height, columns }: Sizes,
  { width, blocks, norm }: ResidualOptions,
): LayerFunction {
  const features = [width, height, columns];
  const inner = { inputs: width, outputs: width };
  const normed = (place: string) => chain(norm(registry, `${name}.${place}`, features), relu);
  const skip = (place: string) => weightNormConv(registry, `${name}.${place}`, { ...inner, kernel: 1 });
  const first = weightNormConv(registry, `${name}.in`, { inputs, outputs: width, kernel: 3, length: false });
  const firstSkip = skip("in_skip");
  const stages = Array.from({ length: blocks }, (_, i) => {
    const conv = (place: string, settings: { bias: boolean; length: boolean }) =>
      weightNormConv(registry, `${name}.block${i + 1}.${place}`, { ...inner, kernel: 3, ...settings });
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
    weightNormConv(registry, `${name}.out`, { inputs: width, outputs, kernel: 1 }),
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
