import { describe, expect, it } from "vitest";
import { auditModel } from "../../src/audit/index.js";
import { UserError } from "../../src/base/errors.js";
import { sizeOf, type Tensor } from "../../src/base/tensor.js";
import { readTensors, writeNpz } from "../../src/tensor-files/index.js";
import { temporaryFolder } from "../support/temporary.js";
import { expectUserError } from "../support/user-error.js";

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

describe("an audit on a bad batch", () => {
  it("A batch of one sample is refused by the name of the first layer in which nothing varies", async () => {
    const data = await batch("one.npz", 1, (v) => v);
    const error = await auditModel(MODEL, { data }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(
      /one\.npz: bn4 expects at least 2 samples, got a batch of 1/,
    );
  });

  it("NaN in the batch is counted, and the report holds null in place of numbers", async () => {
    const data = await batch("nan.npz", 8, (v, i) => (i < 3 ? Number.NaN : v));
    const report = await auditModel(MODEL, { data });
    expect(report.warnings[0]).toBe(`${data}: key "input" holds 3 NaN or infinite elements`);
    expect(report.loss.value).toBeNull();
    for (const { identityResidual, weights } of report.layers)
      expect([identityResidual, weights]).toEqual([null, null]);
  });

  it("A variance beyond float32 gives a warning, and float64 measures it", async () => {
    const data = await batch("huge.npz", 8, (v) => v * 1e30);
    const report = await auditModel(MODEL, { data });
    expect(report.warnings).toContainEqual(
      expect.stringMatching(/^bn1: the variance of 8 of 8 groups is not finite in float32/),
    );
    // y is 0 because σ is infinite, so there is no warning that the channels do not vary.
    expect(report.warnings.join("\n")).not.toMatch(/^bn1: .* do not vary/m);
    const precise = await auditModel(MODEL, { data, precision: "float64" });
    expect(precise.warnings).toEqual([]);
    expect(precise.layers[0].identityResidual).toBeLessThan(1e-10);
  });

  it("An input of the wrong type or key is refused by file and key", async () => {
    const tensors = await readTensors("examples/mixed.npz");
    const { shape, data } = tensors.get("input")!;
    const path = folder.path("bytes.npz");
    const bytes = { dtype: "int32", shape, data: Int32Array.from(data, (v) => 255 * v) } as const;
    await writeNpz(path, new Map([...tensors, ["input", bytes]]));
    await expectUserError(
      () => auditModel(MODEL, { data: path }),
      path,
      /key "input" holds whole numbers, expected float32/,
    );
    await writeNpz(path, new Map([["label", tensors.get("label")!]]));
    await expectUserError(() => auditModel(MODEL, { data: path }), path, /no key "input" for the model's/);
  });

  it("Ignored labels count for no class", async () => {
    const tensors = await readTensors("examples/one-class.npz");
    const { data } = tensors.get("label")!;
    data.fill(-100, 0, 5);
    const path = folder.path("ignore.npz");
    await writeNpz(path, tensors);
    const { batch, loss } = await auditModel(MODEL, { data: path });
    expect(batch!.labelCounts).toEqual({ 0: data.length - 5 });
    expect(loss.description).toMatch(/mean over 59 labels \(chosen because the batch has labels\)/);
  });

  it("Channels that do not vary are reported", async () => {
    const data = await batch("blank.npz", 8, () => 0);
    const report = await auditModel(MODEL, { data });
    expect(report.warnings).toContainEqual(expect.stringMatching(/^bn1: 8 of 8 channels do not vary/));
    expect(report.layers[0].channels.diag).toEqual(new Array(8).fill(0));
  });
});
