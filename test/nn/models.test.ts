import { describe, expect, it } from "vitest";
import { Random } from "../../src/datasets/random.js";
import { compile } from "../../src/engine/index.js";
import { valueAndGrad } from "../../src/engine/lang/index.js";
import { crossEntropy } from "../../src/nn/losses.js";
import { autoencoder, densenet, mlp, resnet, vgg } from "../../src/nn/models/index.js";
import { initialValues, type Network } from "../../src/nn/network.js";
import type { NormName } from "../../src/nn/norms/index.js";
import { sizeOf, type Tensor } from "../../src/tensor.js";

const parameterCount = ({ parameters }: Network): number =>
  parameters.reduce((total, { shape }) => total + sizeOf(shape), 0);

/** What PyTorch counts for the same architectures, written there from the same papers (bench/peer.py). */
describe("networks have as many parameters as in PyTorch", () => {
  const cases: [string, Network, number][] = [
    ["VGG-11", vgg({ depth: 11, norm: "bn" }), 9_231_114],
    ["ResNet-18", resnet({ blocks: [2, 2, 2, 2], norm: "bn" }), 11_173_962],
    ["DenseNet-121", densenet({ blocks: [6, 12, 24, 16], norm: "bn" }), 6_956_298],
    ["MLP", mlp({ inputs: 784, hidden: [512, 256, 128], norm: "bn" }), 569_226],
    ["autoencoder", autoencoder({ channels: 3, widths: [32, 64], norm: "bn" }), 53_987],
  ];
  it.each(cases)("%s", (_, network, count) => {
    expect(parameterCount(network)).toBe(count);
  });
});

describe("networks run with any norm that takes images", () => {
  const norms: NormName[] = ["bn", "ln", "gn:4", "in", "rms", "ghost:2", "detached", "none"];
  it.each(norms)(
    "a small ResNet with %s: finite loss near log 10, gradient for every parameter",
    async (norm) => {
      const network = resnet({ blocks: [1, 1, 1], width: 8, norm });
      const random = new Random(1);
      const values = initialValues(network, random);
      const images: Tensor = {
        dtype: "float32",
        shape: [4, 3, 32, 32],
        data: Float32Array.from({ length: 4 * 3 * 32 * 32 }, () => random.normal()),
      };
      const labels: Tensor = { dtype: "int32", shape: [4], data: Int32Array.from([3, 1, 4, 1]) };
      await using program = await compile(
        (...args) => {
          const parameters = args.slice(0, -2);
          const [x, target] = args.slice(-2);
          const { value, grads } = valueAndGrad(
            (...p) => ({ value: crossEntropy(network.forward(p, x!), target!), aux: [] }),
            parameters,
          );
          return [value, ...grads];
        },
        [...values, images, labels],
      );
      const [loss, ...grads] = await program.run([...values, images, labels]);
      expect(loss!.data[0]).toBeGreaterThan(1.5);
      expect(loss!.data[0]).toBeLessThan(3.5);
      for (const [i, { name }] of network.parameters.entries())
        expect([name, grads[i]!.data.every(Number.isFinite), grads[i]!.data.some((g) => g !== 0)]).toEqual([
          name,
          true,
          true,
        ]);
    },
  );
});
