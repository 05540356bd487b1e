import { describe, expect, it } from "vitest";
import { parseAuditReport } from "../../src/audit/compare.js";
import { type AuditBatchesOptions, auditBatches } from "../../src/audit/index.js";
import { UserError } from "../../src/base/errors.js";
import { sizeOf, type Tensor } from "../../src/base/tensor.js";
import { auditJson } from "../../src/report/audit-json.js";
import { readTensors, writeNpz } from "../../src/tensor-files/index.js";
import { temporaryFolder } from "../support/temporary.js";

const MODEL = "examples/glyphs.onnx";
const SAMPLES = "examples/samples.npz";
const folder = temporaryFolder();

const audit = (options: Omit<AuditBatchesOptions, "data"> & { data?: AuditBatchesOptions["data"] }) =>
  auditBatches(MODEL, { data: SAMPLES, precision: "float64", cuts: 2, ...options });

async function expectRefusal(result: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await result.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).message).toMatch(message);
  expect((error as UserError).message).not.toContain("\n");
}

/** The samples `from` to `to` of the example's file, as a file. */
async function part(name: string, from: number, to: number): Promise<string> {
  const path = folder.path(name);
  const tensors = new Map<string, Tensor>();
  for (const [key, { dtype, shape, data }] of await readTensors(SAMPLES)) {
    const size = sizeOf(shape.slice(1));
    tensors.set(key, { dtype, shape: shape.with(0, to - from), data: data.slice(from * size, to * size) });
  }
  await writeNpz(path, tensors);
  return path;
}

describe("An audit of batches", () => {
  it("calls batches of one class harmful and says to mix the classes", async () => {
    const report = await audit({ batches: "label:64", layers: "bn4", cuts: 3 });
    expect(report.summary.verdict).toBe("harmful");
    expect(report.summary.why.join("\n")).toMatch(/Each batch holds one class\. Mix the classes/);
    expect(report.batches).toMatchObject({ how: "label:64", count: 10, cuts: 3, reference: "whole" });
    expect(report.layers.map(({ name }) => name)).toEqual(["bn4"]);
    expect(report.layers[0].agreement?.compositionEffect).toBeGreaterThan(0.3);
    expect(parseAuditReport(auditJson(report), "report.json")).toEqual(report);
  });

  it("calls shuffled batches harmless and never says to mix the classes", async () => {
    const { summary } = await audit({ batches: "shuffled:64", layers: "bn4", cuts: 3 });
    expect(summary.verdict).toBe("harmless");
    expect(summary.why.join("\n")).not.toMatch(/[Mm]ix/);
    expect(summary.why).toContain("Leave the normalization as it is.");
  });

  it("says why it chose the loss where the user did not, as an audit of one batch does", async () => {
    const guessed = await audit({ batches: "size:160", layers: "bn4", cuts: 1 });
    expect(guessed.loss.description).toMatch(/\(chosen because the batch has labels\)$/);
    const asked = await audit({ batches: "size:160", layers: "bn4", cuts: 1, loss: "cross-entropy" });
    expect(asked.loss.description).not.toContain("chosen");
  });

  it("takes several files as one batch each, with the numbers of one file cut in the same way", async () => {
    const data = [await part("a.npz", 0, 64), await part("b.npz", 64, 160)];
    const files = await audit({ data, layers: "bn3" });
    const whole = await part("whole.npz", 0, 160);
    const tensors = await readTensors(whole);
    const ids = Int32Array.from({ length: 160 }, (_, i) => (i < 64 ? 7 : 3));
    tensors.set("batch", { dtype: "int32", shape: [160], data: ids });
    await writeNpz(whole, tensors);
    const byKey = await audit({ data: whole, batches: "batch", layers: "bn3" });
    expect(files.batches).toEqual({ ...byKey.batches, how: "files" });
    expect(files.batches?.sizes).toEqual({ min: 64, max: 96 });
    expect(files.layers[0].agreement).toEqual(byKey.layers[0].agreement);
    expect(files.layers[0].shares).toEqual(byKey.layers[0].shares);
  });

  it("keeps a last batch that is smaller, unless --drop-last leaves it out", async () => {
    const data = await part("fifty.npz", 0, 50);
    const kept = await audit({ data, batches: "size:20", layers: "bn4", cuts: 1 });
    expect([kept.batches?.sizes, kept.batch?.size]).toEqual([{ min: 10, max: 20 }, 50]);
    const dropped = await audit({ data, batches: "size:20", layers: "bn4", cuts: 1, dropLast: true });
    expect([dropped.batches?.sizes, dropped.batch?.size]).toEqual([{ min: 20, max: 20 }, 40]);
  });

  it("compares with random cuts where all samples as one batch do not fit, and says so", async () => {
    const options = { batches: "label:64", layers: "bn4", cuts: 3 } as const;
    const report = await audit({ ...options, reference: "cuts" });
    expect(report.batches).toMatchObject({ reference: "cuts", wholeLoss: null });
    expect(report.layers[0].agreement?.sizeEffect).toBeNull();
    expect(report.summary.verdict).toBe("harmful");
    expect(report.warnings.join("\n")).toMatch(/320 samples are compared with the mean of 3 random cuts/);
  });

  it("cannot tell anything from one batch, and says so", async () => {
    const data = await part("one.npz", 0, 32);
    const { summary } = await audit({ data, batches: "size:64", layers: "bn4", cuts: 1 });
    expect(summary).toMatchObject({ verdict: "unknown", normToBlame: "unknown" });
    expect(summary.why[0]).toMatch(/only one batch, so there is nothing to compare/);
  });

  it("has no layers, and agreement 1, for a model without normalization", async () => {
    const zoo = "test/fixtures/zoo/resnet-fused";
    const report = await auditBatches(`${zoo}/model.onnx`, {
      ...{ data: `${zoo}/batch.npz`, batches: "size:2", cuts: 1, precision: "float64" },
    });
    expect(report.layers).toEqual([]);
    expect(report.batches?.network?.value).toBeCloseTo(1, 12);
    expect(report.batches?.network?.gain).toBeCloseTo(1, 12);
    expect(report.summary.why[0]).toMatch(/has no normalization layer/);
  });

  it("weighs batches by the labels that count, so that a network with layer norm agrees", async () => {
    const zoo = "test/fixtures/zoo/layernorm";
    const tensors = await readTensors(`${zoo}/batch.npz`);
    const label = tensors.get("label");
    if (label === undefined) throw new Error("the fixture has no labels");
    const data = label.data.map((value, i) => (i === 0 || i === 3 ? -100 : value));
    const report = await auditBatches(`${zoo}/model.onnx`, {
      data: { ...Object.fromEntries(tensors), label: { ...label, data } },
      ...{ batches: "size:3", cuts: 1, precision: "float64", loss: "cross-entropy" },
    });
    expect(report.batches?.network?.value).toBeCloseTo(1, 12);
    expect(report.batches?.network?.gain).toBeCloseTo(1, 12);
    expect(report.batches?.meanLoss).toBeCloseTo(report.batches?.wholeLoss ?? Number.NaN, 12);
  });
});

describe("An audit of batches refuses in one line", () => {
  it.each([
    ["a size of 0", { batches: "size:0" }, /--batches size:0: expected a batch size such as size:64/],
    ["a key that does not exist", { batches: "client" }, /samples\.npz: no key "client" to cut batches by/],
    [
      "batches of one sample, by the name of the layer",
      { batches: "size:1" },
      /bn4 expects at least 2 samples/,
    ],
    ["one file and no rule", {}, /--batches: expected how to cut the samples/],
    ["no random cut", { batches: "size:64", cuts: 0 }, /--cuts: expected a whole number from 1 on, got 0/],
    [
      "one random cut as its own reference",
      { batches: "size:64", cuts: 1, reference: "cuts" },
      /--cuts: expected a whole number from 2 on/,
    ],
    [
      "--drop-last for given batches",
      { batches: "label", dropLast: true },
      /--drop-last: expected batches of one size/,
    ],
  ] as const)("%s", async (_, options, message) => {
    await expectRefusal(audit(options), message);
  });

  it("a key with fewer numbers than samples", async () => {
    const tensors = await readTensors(SAMPLES);
    const ids = { dtype: "int32", shape: [3], data: Int32Array.of(0, 1, 2) } as const;
    const data = { ...Object.fromEntries(tensors), ids };
    await expectRefusal(
      audit({ data, batches: "ids" }),
      /key "ids": expected one whole number for each of 320 samples/,
    );
  });

  it("files whose samples have different shapes", async () => {
    const a = await part("c.npz", 0, 4);
    const tensors = await readTensors(a);
    const label = { dtype: "float32", shape: [4], data: new Float32Array(4) } as const;
    const b = folder.path("d.npz");
    await writeNpz(b, new Map<string, Tensor>([...tensors, ["label", label]]));
    await expectRefusal(
      audit({ data: [a, b] }),
      /d\.npz: key "label": expected int32 samples .* got float32/,
    );
  });
});
