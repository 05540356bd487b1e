import { add } from "../../engine/lang/index.js";
import { conv, globalAveragePool, linear, relu } from "../layers.js";
import { chain, type LayerFunction, Registry } from "../network.js";
import { type NormLayer, normLayer } from "../norm-layer.js";
import type { NormName } from "../norms/index.js";
import { type Classifier, classifier } from "./classifier.js";

/** Sizes and normalization of a ResNet. */
export interface ResnetOptions {
  /**
   * Residual blocks per stage. With width 64: [2, 2, 2, 2] is ResNet-18, [3, 4, 6, 3] ResNet-34.
   * With width 16: [1, 1, 1] is ResNet-8, [3, 3, 3] ResNet-20.
   */
  readonly blocks: readonly number[];
  /** Normalization after every convolution. */
  readonly norm: NormName;
  /** Channels of the first stage; each later stage has twice as many. Default 64. */
  readonly width?: number;
  /** Number of classes. Default 10. */
  readonly classes?: number;
}

/** Width and height of an image. */
const SIZE = 32;

/**
 * Makes a ResNet for images [N, 3, 32, 32]: its stem is a 3×3 convolution without pooling.
 * Source: He et al. 2016 (arXiv 1512.03385), the networks for CIFAR-10.
 *
 * @param options - Blocks per stage, normalization, width and number of classes.
 * @returns The classifier.
 *
 * @example
 * ```ts
 * import { resnet } from "blindspot/nn";
 *
 * const resnet20 = resnet({ blocks: [3, 3, 3], width: 16, norm: "bn" });
 * ```
 */
export function resnet({ blocks, norm, width = 64, classes = 10 }: ResnetOptions): Classifier {
  const normed = normLayer(norm);
  const registry = new Registry();
  const layers = [
    conv(registry, "stem", { inputs: 3, outputs: width, kernel: 3, padding: 1, bias: false }),
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
  const head = linear(registry, "head", { inputs: channels, outputs: classes });
  return classifier(registry, { body: chain(...layers, globalAveragePool), head });
}

interface ResidualOptions {
  /** Channels of the input. */
  readonly channels: number;
  /** Shape of one sample of the output: [C, H, W]. */
  readonly outputs: readonly [number, number, number];
  /** Stride of the first convolution. */
  readonly stride: number;
  readonly norm: NormLayer;
}

/**
 * A residual block: ReLU of two 3×3 convolutions plus a shortcut. The shortcut is the identity if
 * the block keeps the shape, else a strided 1×1 convolution with a norm.
 */
function residual(
  registry: Registry,
  name: string,
  { channels, outputs, stride, norm }: ResidualOptions,
): LayerFunction {
  const [width] = outputs;
  const body = chain(
    conv(registry, `${name}.conv1`, {
      inputs: channels,
      outputs: width,
      kernel: 3,
      stride,
      padding: 1,
      bias: false,
    }),
    norm(registry, `${name}.norm1`, outputs),
    relu,
    conv(registry, `${name}.conv2`, { inputs: width, outputs: width, kernel: 3, padding: 1, bias: false }),
    norm(registry, `${name}.norm2`, outputs),
  );
  const shortcut =
    stride === 1 && channels === width
      ? chain()
      : chain(
          conv(registry, `${name}.shortcut`, {
            inputs: channels,
            outputs: width,
            kernel: 1,
            stride,
            bias: false,
          }),
          norm(registry, `${name}.shortcut_norm`, outputs),
        );
  return (pass, x) => relu(pass, add(body(pass, x), shortcut(pass, x)));
}
