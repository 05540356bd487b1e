import { describe, expect, it } from "vitest";
import { Random } from "../../../src/base/random.js";
import type { Tensor } from "../../../src/base/tensor.js";
import { reshape, sigmoid, type Traced } from "../../../src/engine/lang/index.js";
import { Stepper } from "../../../src/experiments/training/stepper.js";
import { supervised } from "../../../src/experiments/training/supervised.js";
import { crossEntropy, meanSquaredError, type NormName, sgd } from "../../../src/nn/index.js";
import {
  conv,
  convTranspose,
  flatten,
  globalAveragePool,
  leakyRelu,
  linear,
  relu,
} from "../../../src/nn/layers.js";
import { binaryCrossEntropy } from "../../../src/nn/losses.js";
import { chain, type LayerFunction, type Network, network } from "../../../src/nn/network.js";
import { normLayer } from "../../../src/nn/norm-layer.js";
import { readModel } from "../../../src/onnx/index.js";
import { readTensors } from "../../../src/tensor-files/index.js";
import { type ZooModel, zooModels } from "../../support/zoo/golden.js";

/** The networks of test/fixtures/zoo/models.py, with the names that PyTorch gives their layers. */
const mlp = (norm: NormName): Network =>
  network((r) =>
    chain(
      linear(r, "0", { inputs: 12, outputs: 10 }),
      normLayer(norm, { epsilon: 1e-5 })(r, "1", [10]),
      relu,
      linear(r, "3", { inputs: 10, outputs: 10 }),
      normLayer(norm, { epsilon: 1e-5 })(r, "4", [10]),
      relu,
      linear(r, "6", { inputs: 10, outputs: 5 }),
    ),
  );

const convnet = (norm: NormName): Network =>
  network((r) =>
    chain(
      conv(r, "0", { inputs: 3, outputs: 6, kernel: 3, stride: 2, padding: 1 }),
      normLayer(norm)(r, "1", [6, 4, 4]),
      relu,
      conv(r, "3", { inputs: 6, outputs: 6, kernel: 3, padding: 1, bias: false }),
      normLayer(norm)(r, "4", [6, 4, 4]),
      relu,
      globalAveragePool,
      linear(r, "7", { inputs: 6, outputs: 5 }),
    ),
  );

const discriminator = (): Network =>
  network((r) =>
    chain(
      conv(r, "0", { inputs: 3, outputs: 4, kernel: 4, stride: 2, padding: 1, bias: false }),
      leakyRelu(0.25),
      conv(r, "2", { inputs: 4, outputs: 8, kernel: 4, stride: 2, padding: 1, bias: false }),
      normLayer("bn")(r, "3", [8, 4, 4]),
      leakyRelu(0.25),
      conv(r, "5", { inputs: 8, outputs: 8, kernel: 3, padding: 1, bias: false }),
      normLayer("bn")(r, "6", [8, 4, 4]),
      leakyRelu(0.25),
      conv(r, "8", { inputs: 8, outputs: 1, kernel: 4, bias: false }),
      flatten,
    ),
  );

const autoencoder = (): Network =>
  network((r) => {
    const maps: LayerFunction = (_, x) => reshape(x, [x.shape[0], 4, 4, 4]);
    return chain(
      conv(r, "encode.0", { inputs: 1, outputs: 4, kernel: 3, stride: 2, padding: 1, bias: false }),
      normLayer("bn")(r, "encode.1", [4, 4, 4]),
      relu,
      flatten,
      linear(r, "encode.4", { inputs: 64, outputs: 6 }),
      normLayer("bn")(r, "encode.5", [6]),
      linear(r, "decode.0", { inputs: 6, outputs: 64 }),
      relu,
      maps,
      convTranspose(r, "image.0", { inputs: 4, outputs: 4, kernel: 4, stride: 2, padding: 1 }),
      normLayer("bn")(r, "image.1", [4, 8, 8]),
      relu,
      conv(r, "image.3", { inputs: 4, outputs: 1, kernel: 1 }),
      (_, x) => sigmoid(x),
    );
  });

type Loss = (output: Traced, target: Traced) => Traced;
const cases: [string, Network, Loss, target: string][] = [
  ["mlp", mlp("bn"), crossEntropy, "label"],
  ["layernorm", mlp("ln"), crossEntropy, "label"],
  ["rmsnorm", mlp("rms"), crossEntropy, "label"],
  ["groupnorm", convnet("gn:2"), crossEntropy, "label"],
  ["instancenorm", convnet("in"), crossEntropy, "label"],
  ["dcgan-discriminator", discriminator(), binaryCrossEntropy, "target"],
  ["autoencoder", autoencoder(), meanSquaredError, ""],
];
const zoo = new Map(zooModels().map((model) => [model.name, model]));

/** The training of a network from the stored weights of a model, with its batch. */
async function prepare({ model, batch }: ZooModel, net: Network, loss: Loss, target: string) {
  const procedure = supervised({ network: net, optimizer: sgd({ rate: 0.1, momentum: 0.9 }), loss });
  const stored = (await readModel(model)).initializers;
  const state = procedure.initial(new Random(1)).map((tensor, i): Tensor => {
    const name = procedure.names[i].replace(/^parameter\./, "");
    return stored.get(name)?.load() ?? tensor;
  });
  const tensors = await readTensors(batch);
  const inputs = [tensors.get("input")!, ...(target ? [tensors.get(target)!] : [])];
  return { procedure, state, inputs };
}

describe("recorded steps", () => {
  it.each(cases)("The record of the zoo's %s has PyTorch's numbers", async (name, net, loss, target) => {
    const golden = zoo.get(name)!;
    const { procedure, state, inputs } = await prepare(golden, net, loss, target);
    await using stepper = await Stepper.compile(procedure, state, inputs);
    const { losses, recording } = await stepper.step(1, inputs, () => true);
    expect(losses.loss).toBeCloseTo(golden.loss.value!, 5);
    expect(Object.keys(recording)).toHaveLength(5 * golden.layers.length);
    for (const layer of golden.layers) {
      for (const share of ["blocked", "first", "diag"] as const)
        expect(recording[`${share}/${layer.name}`]).toBeCloseTo(layer.shares[share], 4);
      for (const length of ["removed", "kept"] as const)
        expect(recording[`${length}/${layer.name}`]).toBeCloseTo(layer.weights![length], 2);
    }
  });

  it.each(cases)(
    "A recorded step of the zoo's %s changes the state as a plain step does",
    async (name, net, loss, target) => {
      const { procedure, state, inputs } = await prepare(zoo.get(name)!, net, loss, target);
      await using plain = await Stepper.compile(procedure, state, inputs);
      await using recorded = await Stepper.compile(procedure, state, inputs);
      for (let step = 1; step <= 3; step++) {
        const a = await plain.step(step, inputs);
        const b = await recorded.step(step, inputs, () => true);
        expect(b.losses).toEqual(a.losses);
      }
      expect(recorded.state).toEqual(plain.state);
    },
  );

  it("Only the chosen layers are recorded", async () => {
    const { procedure, state, inputs } = await prepare(zoo.get("mlp")!, mlp("bn"), crossEntropy, "label");
    await using stepper = await Stepper.compile(procedure, state, inputs);
    const { recording } = await stepper.step(1, inputs, (layer) => layer === "4");
    expect(Object.keys(recording)).toEqual(["blocked/4", "first/4", "diag/4", "removed/4", "kept/4"]);
    expect((await stepper.step(2, inputs)).recording).toEqual({});
  });

  it("Batch renorm records the shares only", async () => {
    const { procedure, state, inputs } = await prepare(zoo.get("mlp")!, mlp("brn"), crossEntropy, "label");
    await using stepper = await Stepper.compile(procedure, state, inputs);
    const { recording } = await stepper.step(1, inputs, (layer) => layer === "4");
    expect(Object.keys(recording)).toEqual(["blocked/4", "first/4", "diag/4"]);
  });

  it("Norms that block nothing record nothing", async () => {
    const { procedure, state, inputs } = await prepare(
      zoo.get("mlp")!,
      mlp("detached"),
      crossEntropy,
      "label",
    );
    await using stepper = await Stepper.compile(procedure, state, inputs);
    expect((await stepper.step(1, inputs, () => true)).recording).toEqual({});
  });
});
