import { concat } from "../../engine/lang/index.js";
import { averagePool, conv, globalAveragePool, linear, relu } from "../layers.js";
import { chain, type LayerFunction, Registry } from "../network.js";
import { type NormLayer, normLayer } from "../norm-layer.js";
import type { NormName } from "../norms/index.js";
import { type Classifier, classifier } from "./classifier.js";

/** Sizes and normalization of a DenseNet. */
export interface DensenetOptions {
  /** Dense layers per block: [6, 12, 24, 16] is DenseNet-121. */
  readonly blocks: readonly number[];
  /** Normalization before every convolution but the first. */
  readonly norm: NormName;
  /** Channels that each dense layer adds. Default 32. */
  readonly growth?: number;
  /** Number of classes. Default 10. */
  readonly classes?: number;
}

/**
 * Makes a DenseNet-BC for images [N, 3, 32, 32]: bottlenecks of 4·growth channels within dense
 * layers, transitions that halve channels, width and height between blocks.
 * Source: Huang et al. 2017 (arXiv 1608.06993).
 *
 * @param options - Layers per block, normalization, growth and number of classes.
 * @returns The classifier.
 *
 * @example
 * ```ts
 * import { densenet } from "blindspot/nn";
 *
 * const net = densenet({ blocks: [2, 2], growth: 8, norm: "bn" });
 * ```
 */
export function densenet({ blocks, norm, growth = 32, classes = 10 }: DensenetOptions): Classifier {
  const normed = normLayer(norm);
  const registry = new Registry();
  let size = 32;
  let channels = 2 * growth;
  const layers = [
    conv(registry, "stem", { inputs: 3, outputs: channels, kernel: 3, padding: 1, bias: false }),
  ];
  blocks.forEach((depth, block) => {
    for (let i = 0; i < depth; i++) {
      layers.push(dense(registry, `block${block + 1}.${i}`, { channels, size, growth, norm: normed }));
      channels += growth;
    }
    if (block === blocks.length - 1) return;
    const name = `transition${block + 1}`;
    const halved = Math.floor(channels / 2);
    layers.push(normed(registry, `${name}.norm`, [channels, size, size]), relu);
    layers.push(
      conv(registry, `${name}.conv`, { inputs: channels, outputs: halved, kernel: 1, bias: false }),
      averagePool(2),
    );
    channels = halved;
    size /= 2;
  });
  layers.push(normed(registry, "final_norm", [channels, size, size]), relu, globalAveragePool);
  return classifier(registry, {
    body: chain(...layers),
    head: linear(registry, "head", { inputs: channels, outputs: classes }),
  });
}

interface DenseOptions {
  /** Channels of the input. */
  readonly channels: number;
  /** Width and height of the maps. */
  readonly size: number;
  /** Channels that the layer adds. */
  readonly growth: number;
  readonly norm: NormLayer;
}

/**
 * A dense layer: norm → ReLU → conv 1×1 → norm → ReLU → conv 3×3. Its output is its input followed
 * by the new channels.
 */
function dense(
  registry: Registry,
  name: string,
  { channels, size, growth, norm }: DenseOptions,
): LayerFunction {
  const body = chain(
    norm(registry, `${name}.norm1`, [channels, size, size]),
    relu,
    conv(registry, `${name}.conv1`, { inputs: channels, outputs: 4 * growth, kernel: 1, bias: false }),
    norm(registry, `${name}.norm2`, [4 * growth, size, size]),
    relu,
    conv(registry, `${name}.conv2`, {
      inputs: 4 * growth,
      outputs: growth,
      kernel: 3,
      padding: 1,
      bias: false,
    }),
  );
  return (pass, x) => concat([x, body(pass, x)], 1);
}
