import { add } from "../../engine/lang/index.js";
import { conv, globalAveragePool, linear, relu } from "../layers.js";
import { chain, type LayerFunction, Registry } from "../network.js";
import type { NormName } from "../norms/index.js";
import { type Classifier, classifier } from "./classifier.js";
import { type NormLayer, normLayer } from "./norm-layer.js";

interface ResnetOptions {
  /** Residual blocks per stage: [2, 2, 2, 2] is ResNet-18, [3, 4, 6, 3] ResNet-34; [1, 1, 1] ResNet-8, [3, 3, 3] ResNet-20. */
  readonly blocks: readonly number[];
  readonly norm: NormName;
  /** Channels of the first stage; each later stage has twice as many. */
  readonly width?: number;
  readonly classes?: number;
}

/** Width and height of an image. */
const SIZE = 32;

/** ResNet in the form for 32×32 images (He et al. 2016, section 4.2): a 3×3 stem and no first pooling. */
export function resnet({ blocks, norm, width = 64, classes = 10 }: ResnetOptions): Classifier {
  const normed = normLayer(norm);
  const registry = new Registry();
  const layers = [
    conv(registry, "stem", 3, width, { kernel: 3, padding: 1, bias: false }),
    normed(registry, "stem_norm", [width, SIZE, SIZE]),
    relu,
  ];
  let channels = width;
  let size = SIZE;
  blocks.forEach((count, stage) => {
    for (let i = 0; i < count; i++) {
      const outputs = width * 2 ** stage;
      const stride = stage > 0 && i === 0 ? 2 : 1;
      size /= stride;
      const shape = { channels, outputs: [outputs, size, size] as const, stride };
      layers.push(residual(registry, `stage${stage + 1}.${i}`, { ...shape, norm: normed }));
      channels = outputs;
    }
  });
  const head = linear(registry, "head", channels, classes);
  return classifier(registry, { body: chain(...layers, globalAveragePool), head });
}

interface ResidualOptions {
  readonly channels: number;
  /** Shape of one sample of the output: [C, H, W]. */
  readonly outputs: readonly [number, number, number];
  readonly stride: number;
  readonly norm: NormLayer;
}

/** Two 3×3 convolutions around a shortcut, which is a strided 1×1 convolution where the shape changes. */
function residual(
  registry: Registry,
  name: string,
  { channels, outputs, stride, norm }: ResidualOptions,
): LayerFunction {
  const [width] = outputs;
  const body = chain(
    conv(registry, `${name}.conv1`, channels, width, { kernel: 3, stride, padding: 1, bias: false }),
    norm(registry, `${name}.norm1`, outputs),
    relu,
    conv(registry, `${name}.conv2`, width, width, { kernel: 3, padding: 1, bias: false }),
    norm(registry, `${name}.norm2`, outputs),
  );
  const shortcut =
    stride === 1 && channels === width
      ? chain()
      : chain(
          conv(registry, `${name}.shortcut`, channels, width, { kernel: 1, stride, bias: false }),
          norm(registry, `${name}.shortcut_norm`, outputs),
        );
  return (pass, x) => relu(pass, add(body(pass, x), shortcut(pass, x)));
}
