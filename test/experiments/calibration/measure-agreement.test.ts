import { describe, expect, test } from "vitest";
import { measureBatches } from "../../../src/audit/batches/measure-batches.js";
import { load } from "../../../src/audit/load.js";
import type { Tensor } from "../../../src/base/tensor.js";
import { Random } from "../../../src/datasets/index.js";
import { GradientProgram } from "../../../src/experiments/calibration/gradient-program.js";
import { measureAgreement } from "../../../src/experiments/calibration/measure-agreement.js";
import { convTask, mlpTask, momentumOf } from "../../../src/experiments/calibration/tasks.js";
import { initialBuffers, initialValues, type NormName, onnxModel } from "../../../src/nn/index.js";

const COUNT = 48;
const random = new Random(1);
const labels = Int32Array.from({ length: COUNT }, (_, i) => Math.floor(i / 8) % 3);
const images = Float32Array.from(
  { length: COUNT * 256 },
  (_, e) => 0.3 * labels[Math.floor(e / 256)] + random.uniform(),
);
const batches = [0, 1, 2].map((k) => Uint32Array.from([...labels.keys()].filter((i) => labels[i] === k)));
const tensorsOf = (samples: ArrayLike<number>): [Tensor, Tensor] => {
  const rows = Array.from(samples);
  return [
    {
      ...{ dtype: "float32", shape: [rows.length, 1, 16, 16] },
      data: Float32Array.from(rows.flatMap((i) => [...images.subarray(i * 256, (i + 1) * 256)])),
    },
    { dtype: "int32", shape: [rows.length], data: Int32Array.from(rows, (i) => labels[i]) },
  ];
};

const tasks = {
  mlp: mlpTask([12, 8], momentumOf(0.1)),
  conv: convTask(
    [
      { channels: 6, stride: 2 },
      { channels: 4, stride: 2 },
    ],
    momentumOf(0.1),
  ),
};

async function measured(name: keyof typeof tasks, norm: NormName) {
  const { networks, loss } = tasks[name];
  const { trained } = networks(norm, 1);
  const state = [...initialValues(trained, new Random(5)), ...initialBuffers(trained)];
  const compile = (count: number, layers: "measure" | "leave") =>
    GradientProgram.compile(trained, loss, tensorsOf(new Uint32Array(count)), layers);
  await using own = await compile(16, "measure");
  await using plain = await compile(16, "leave");
  await using whole = await compile(COUNT, "leave");
  const numbers = await measureAgreement(state, batches, {
    ...{ own, plain, whole, tensorsOf, cuts: 2, seed: 9 },
  });
  return { numbers, trained, state };
}

describe("The agreement of batches of a network in training", () => {
  test.each(["mlp", "conv"] as const)("It is that of the audit of the exported network: %s", async (name) => {
    const { numbers, trained, state } = await measured(name, "bn");
    const count = trained.parameters.length;
    const model = onnxModel(trained, state.slice(0, count), state.slice(count), {
      ...{ mode: "training", shape: [COUNT, 1, 16, 16] },
    });
    const [input, label] = tensorsOf([...labels.keys()]);
    const loaded = await load(model, { data: { input, label } });
    const audit = await measureBatches(loaded, batches, {
      ...{
        loss: "cross-entropy",
        precision: "float64",
        device: "cpu",
        onProgress: () => {},
        cuts: 2,
        seed: 9,
      },
    });
    expect(numbers.network?.value).toBeCloseTo(audit.network?.value ?? Number.NaN, 4);
    expect(numbers.network?.compositionEffect).toBeCloseTo(audit.network?.compositionEffect ?? Number.NaN, 4);
    expect(numbers.layers.length).toBe(audit.layers.length);
    for (const [i, { agreement, blocked, removed }] of numbers.layers.entries()) {
      expect(agreement?.value).toBeCloseTo(audit.layers[i].agreement?.value ?? Number.NaN, 4);
      expect(agreement?.gain).toBeCloseTo(audit.layers[i].agreement?.gain ?? Number.NaN, 4);
      expect(blocked).toBeCloseTo(audit.layers[i].blocked.mean, 4);
      expect(removed).toBeCloseTo(audit.layers[i].removed?.mean ?? Number.NaN, 4);
    }
    expect(numbers.wholeLoss).toBeCloseTo(audit.referenceBatch.loss, 5);
    expect(numbers.meanLoss).toBeCloseTo(audit.meanLoss, 5);
  });

  test.each([
    ["mlp", "ln"],
    ["conv", "gn:1"],
  ] as const)("It is 1 with norms that look at one sample at a time: %s with %s", async (name, norm) => {
    const { numbers } = await measured(name, norm);
    for (const agreement of [numbers.network, ...numbers.layers.map((layer) => layer.agreement)]) {
      expect(agreement?.value).toBeCloseTo(1, 6);
      expect(agreement?.gain).toBeCloseTo(1, 4);
      expect(agreement?.compositionEffect).toBeCloseTo(0, 6);
    }
  });
});
