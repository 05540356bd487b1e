import { describe, expect, it } from "vitest";
import { auditModel } from "../../src/audit/index.js";
import { UserError } from "../../src/errors.js";
import { sizeOf, type Tensor } from "../../src/tensor.js";
import { readTensors, writeNpz } from "../../src/trace/index.js";
import { temporaryFolder } from "../support/temporary.js";

const MODEL = "examples/glyphs.onnx";
const folder = temporaryFolder();

/** The example's mixed batch with its first `count` samples and a changed input, as a file. */
async function batch(name: string, count: number, change: (value: number, i: number) => number) {
  const tensors = new Map<string, Tensor>();
  for (const [key, { dtype, shape, data }] of await readTensors("examples/mixed.npz")) {
    const part = data.slice(0, count * sizeOf(shape.slice(1)));
    tensors.set(key, { dtype, shape: shape.with(0, count), data: key === "input" ? part.map(change) : part });
  }
  const path = folder.path(name);
  await writeNpz(path, tensors);
  return path;
}

describe("batches that spoil a measurement", () => {
  it("refuses a batch of one", async () => {
    const data = await batch("one.npz", 1, (v) => v);
    const error = await auditModel(MODEL, { data }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(
      /one\.npz: bn1 expects at least 2 samples, got a batch of 1/,
    );
  });

  it("counts NaN in the batch and reports null rather than numbers", async () => {
    const data = await batch("nan.npz", 8, (v, i) => (i < 3 ? Number.NaN : v));
    const report = await auditModel(MODEL, { data });
    expect(report.warnings[0]).toBe('batch: "input" holds 3 NaN or infinite elements');
    expect(report.loss.value).toBeNull();
    for (const { identityResidual, weights } of report.layers)
      expect([identityResidual, weights]).toEqual([null, null]);
  });

  it("says where the variance leaves the range of float32, and measures it in float64", async () => {
    const data = await batch("huge.npz", 8, (v) => v * 1e30);
    const report = await auditModel(MODEL, { data });
    expect(report.warnings).toContainEqual(
      expect.stringMatching(/^bn1: the variance of 8 of 8 groups is not finite in float32/),
    );
    const precise = await auditModel(MODEL, { data, precision: "float64" });
    expect(precise.warnings).toEqual([]);
    expect(precise.layers[0]!.identityResidual).toBeLessThan(1e-10);
  });

  it("reports channels that do not vary", async () => {
    const data = await batch("blank.npz", 8, () => 0);
    const report = await auditModel(MODEL, { data });
    expect(report.warnings).toContainEqual(expect.stringMatching(/^bn1: 8 of 8 channels do not vary/));
    expect(report.layers[0]!.channels.diag).toEqual(new Array(8).fill(0));
  });
});
