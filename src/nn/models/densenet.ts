import { concat } from "../../engine/lang/index.js";
import { averagePool, conv, globalAveragePool, linear, relu } from "../layers.js";
import { chain, type LayerFunction, Registry } from "../network.js";
import type { NormName } from "../norms/index.js";
import { type Classifier, classifier } from "./classifier.js";
import { type NormLayer, normLayer } from "./norm-layer.js";

interface DensenetOptions {
  /** Dense layers per block: [6, 12, 24, 16] is DenseNet-121. */
  readonly blocks: readonly number[];
  readonly norm: NormName;
  /** Channels that each dense layer adds. */
  readonly growth?: number;
  readonly classes?: number;
}

/** DenseNet-BC for 32×32 images (Huang et al. 2017): bottlenecks of 4·growth, transitions that halve. */
export function densenet({ blocks, norm, growth = 32, classes = 10 }: DensenetOptions): Classifier {
  const normed = normLayer(norm);
  const registry = new Registry();
  let size = 32;
  let channels = 2 * growth;
  const layers = [conv(registry, "stem", 3, channels, { kernel: 3, padding: 1, bias: false })];
  blocks.forEach((depth, block) => {
    for (let i = 0; i < depth; i++) {
      layers.push(dense(registry, `block${block + 1}.${i}`, { channels, size, growth, norm: normed }));
      channels += growth;
    }
    if (block === blocks.length - 1) return;
    const name = `transition${block + 1}`;
    const halved = Math.floor(channels / 2);
    layers.push(normed(registry, `${name}.norm`, [channels, size, size]), relu);
    layers.push(conv(registry, `${name}.conv`, channels, halved, { kernel: 1, bias: false }), averagePool(2));
    channels = halved;
    size /= 2;
  });
  layers.push(normed(registry, "final_norm", [channels, size, size]), relu, globalAveragePool);
  return classifier(registry, { body: chain(...layers), head: linear(registry, "head", channels, classes) });
}

interface DenseOptions {
  readonly channels: number;
  /** Width and height of the maps. */
  readonly size: number;
  readonly growth: number;
  readonly norm: NormLayer;
}

/** norm → ReLU → 1×1 → norm → ReLU → 3×3, its output appended to its input. */
function dense(
  registry: Registry,
  name: string,
  { channels, size, growth, norm }: DenseOptions,
): LayerFunction {
  const body = chain(
    norm(registry, `${name}.norm1`, [channels, size, size]),
    relu,
    conv(registry, `${name}.conv1`, channels, 4 * growth, { kernel: 1, bias: false }),
    norm(registry, `${name}.norm2`, [4 * growth, size, size]),
    relu,
    conv(registry, `${name}.conv2`, 4 * growth, growth, { kernel: 3, padding: 1, bias: false }),
  );
  return (pass, x) => concat([x, body(pass, x)], 1);
}
