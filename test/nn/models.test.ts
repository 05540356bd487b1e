import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.js";
import { sizeOf, type Tensor } from "../../src/base/tensor.js";
import { compile } from "../../src/engine/index.js";
import { valueAndGrad } from "../../src/engine/lang/index.js";
import { conv, convTranspose, linear } from "../../src/nn/layers.js";
import { crossEntropy } from "../../src/nn/losses.js";
import { autoencoder, type ClassifierName, classifiers, mlp, resnet } from "../../src/nn/models/index.js";
import { initialBuffers, initialValues, type Network, Registry } from "../../src/nn/network.js";
import type { NormName } from "../../src/nn/norms/index.js";

const parameterCount = ({ parameters }: Network): number =>
  parameters.reduce((total, { shape }) => total + sizeOf(shape), 0);

/** Numbers of parameters that PyTorch counts for the same architectures. */
describe("A network has as many parameters as in PyTorch", () => {
  const counts: Record<ClassifierName, number> = {
    vgg11: 9_231_114,
    vgg13: 9_416_010,
    vgg16: 14_728_266,
    "vgg11-one-norm": 28_152_202,
    resnet8: 78_042,
    resnet20: 272_474,
    resnet18: 11_173_962,
    resnet34: 21_282_122,
    densenet121: 6_956_298,
  };
  const cases: [string, Network, number][] = [
    ...Object.entries(counts).map(([name, count]): [string, Network, number] => [
      name,
      classifiers[name as ClassifierName]({ norm: "bn" }),
      count,
    ]),
    ["MLP", mlp({ inputs: 784, hidden: [512, 256, 128], norm: "bn" }), 569_226],
    ["autoencoder", autoencoder({ channels: 3, widths: [32, 64], norm: "bn" }), 53_987],
  ];
  it.each(cases)("%s", (_, network, count) => {
    expect(parameterCount(network)).toBe(count);
  });
});

describe("A small ResNet trains with any norm of images", () => {
  const norms: NormName[] = ["bn", "ln", "gn:4", "in", "rms", "ghost:2", "detached", "none"];
  it.each(norms)(
    "With %s, the loss is near log 10 and every parameter has a finite gradient",
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
            (...p) => ({ value: crossEntropy(network.forward(p, x), target), aux: [] }),
            parameters,
          );
          return [value, ...grads];
        },
        [...values, images, labels],
      );
      const [loss, ...grads] = await program.run([...values, images, labels]);
      expect(loss.data[0]).toBeGreaterThan(1.5);
      expect(loss.data[0]).toBeLessThan(3.5);
      for (const [i, { name }] of network.parameters.entries())
        expect([name, grads[i].data.every(Number.isFinite), grads[i].data.some((g) => g !== 0)]).toEqual([
          name,
          true,
          true,
        ]);
    },
  );
});

/**
 * Largest magnitude and standard deviation of 60 draws of each layer in PyTorch 1.13. The
 * distribution is uniform, so the largest of so many draws is within 1e-4 of the bound.
 */
describe("Parameters start from the distribution of PyTorch", () => {
  const layers: [string, (registry: Registry) => unknown, Draws, Draws][] = [
    [
      "convolution",
      (r) => conv(r, "l", { inputs: 24, outputs: 96, kernel: 3 }),
      [0.068041, 0.039279],
      [0.068034, 0.039322],
    ],
    [
      "convolution in groups",
      (r) => conv(r, "l", { inputs: 24, outputs: 96, kernel: 3, groups: 4 }),
      [0.136082, 0.078552],
      [0.136077, 0.078292],
    ],
    [
      "transposed convolution",
      (r) => convTranspose(r, "l", { inputs: 48, outputs: 20, kernel: 4 }),
      [0.055902, 0.032315],
      [0.055882, 0.032551],
    ],
    [
      "linear",
      (r) => linear(r, "l", { inputs: 300, outputs: 200 }),
      [0.057735, 0.033339],
      [0.057729, 0.033391],
    ],
  ];
  it.each(layers)("%s", (_, make, weight, bias) => {
    const registry = new Registry();
    make(registry);
    const random = new Random(4);
    for (const [i, [bound, deviation]] of [weight, bias].entries()) {
      const { shape, initialize } = registry.parameters[i];
      const draws = Array.from({ length: 60 }, () => {
        const data = new Float32Array(sizeOf(shape));
        initialize(random, data, () => new Float32Array());
        return data;
      });
      const count = 60 * sizeOf(shape);
      const largest = Math.max(...draws.map((data) => data.reduce((a, b) => Math.max(a, Math.abs(b)), 0)));
      const squares = draws.reduce((sum, data) => sum + data.reduce((a, b) => a + b * b, 0), 0);
      expect(largest / bound).toBeGreaterThan(0.998);
      expect(largest / bound).toBeLessThan(1.002);
      // Four standard errors of the difference of two estimates of a uniform deviation.
      const error = 4 * Math.sqrt(2 * (0.2 / count));
      expect(Math.abs(Math.sqrt(squares / count) / deviation - 1)).toBeLessThan(error);
    }
  });

  it("A batch norm starts from γ = 1, β = 0, running mean 0 and running variance 1", () => {
    const network = mlp({ inputs: 3, hidden: [4], norm: "bn" });
    const values = [...initialValues(network, new Random(0)), ...initialBuffers(network)];
    const names = [...network.parameters, ...network.buffers].map(({ name }) => name);
    const of = (name: string) => Array.from(values[names.indexOf(`norm1.${name}`)].data);
    expect([of("weight"), of("bias"), of("running_mean"), of("running_var")]).toEqual([
      ...[
        [1, 1, 1, 1],
        [0, 0, 0, 0],
      ],
      ...[
        [0, 0, 0, 0],
        [1, 1, 1, 1],
      ],
    ]);
  });
});

/** Largest magnitude and standard deviation. */
type Draws = readonly [number, number];
