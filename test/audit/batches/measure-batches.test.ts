import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cutIntoBatches, parseBatches } from "../../../src/audit/batches/cut-samples.js";
import { type MeasureBatchesOptions, measureBatches } from "../../../src/audit/batches/measure-batches.js";
import { load } from "../../../src/audit/load.js";
import { hasShared, shared, sharedReason } from "../../support/shared.js";

const OPTIONS: MeasureBatchesOptions = {
  precision: "float64",
  device: "cpu",
  onProgress: () => {},
  cuts: 1,
  seed: 0,
};

async function measure(
  model: string,
  data: string,
  how: string,
  options: Partial<MeasureBatchesOptions> = {},
) {
  const loaded = await load(model, { data });
  const [first] = loaded.inputs.values();
  const batches = cutIntoBatches(parseBatches(how), {
    file: data,
    count: first.shape[0],
    tensors: loaded.batch.tensors,
    labelKey: "label",
    seed: 0,
    dropLast: false,
  });
  return measureBatches(loaded, batches, { ...OPTIONS, ...options });
}

const zoo = (name: string) =>
  [`test/fixtures/zoo/${name}/model.onnx`, `test/fixtures/zoo/${name}/batch.npz`] as const;

describe("The agreement of batches", () => {
  it.each(["layernorm", "groupnorm", "instancenorm"])(
    "is 1 for a network whose norms look at one sample at a time: %s",
    async (name) => {
      const { network, layers } = await measure(...zoo(name), "size:2");
      for (const agreement of [network, ...layers.map((layer) => layer.agreement)]) {
        if (agreement === null) continue;
        expect(agreement.value).toBeCloseTo(1, 10);
        expect(agreement.gain).toBeCloseTo(1, 10);
      }
      expect(network).not.toBeNull();
    },
  );

  it("is lower for one class per batch than for random batches of the same size", async () => {
    const [model, data] = ["examples/glyphs.onnx", "examples/mixed.npz"];
    const { network, count } = await measure(model, data, "label:16", { cuts: 2 });
    expect(count).toBe(10);
    expect(network?.compositionEffect).toBeGreaterThan(0);
    expect(network?.value).toBeCloseTo((network?.shuffled.mean ?? 0) - (network?.compositionEffect ?? 0), 12);
  });

  it("refuses a batch of one sample by the name of the layer", async () => {
    await expect(measure("examples/glyphs.onnx", "examples/mixed.npz", "size:1")).rejects.toThrow(
      /a batch of 1 sample: bn4 expects at least 2 samples/,
    );
  });
});

interface Golden {
  readonly loss: "cross-entropy" | "mse";
  readonly batchings: Readonly<
    Record<
      string,
      {
        readonly mean_loss: number;
        readonly network: { readonly agreement: number; readonly gain: number };
        readonly weights: Readonly<Record<string, { readonly agreement: number; readonly gain: number }>>;
      }
    >
  >;
}

describe.skipIf(!hasShared)(`The agreement of batches is PyTorch's in float64${sharedReason}`, () => {
  it.each(["one_class", "pairs", "shuffled", "tiny"])("mlp-mnist, batches by the key %s", async (how) => {
    const folder = "models/mlp-mnist";
    const golden = JSON.parse(readFileSync(shared(`${folder}/golden-agreement.json`), "utf8")) as Golden;
    const measured = await measure(
      shared(`${folder}/model.train.onnx`),
      shared(`${folder}/batches.npz`),
      how,
      {
        loss: golden.loss,
      },
    );
    const expected = golden.batchings[how];
    expect(measured.meanLoss).toBeCloseTo(expected.mean_loss, 8);
    expect(Math.abs((measured.network?.value ?? 0) - expected.network.agreement)).toBeLessThan(1e-6);
    for (const [i, { name, weights }] of measured.referenceBatch.layers.entries()) {
      const weight = expected.weights[weights?.name ?? ""];
      const agreement = measured.layers[i].agreement;
      expect(Math.abs((agreement?.value ?? 0) - weight.agreement), name).toBeLessThan(1e-6);
      expect(Math.abs((agreement?.gain ?? 0) - weight.gain), name).toBeLessThan(
        1e-6 * Math.max(1, weight.gain),
      );
    }
  });
});
