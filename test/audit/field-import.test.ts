import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type AuditModelOptions, auditModel } from "../../src/audit/index.js";
import { expectUserError } from "../support/user-error.js";

/**
 * Models made after public bug reports. Their `expected.json` has what is right: values that PyTorch
 * measured in float64, or a behaviour in words.
 */
const file = (path: string) => `test/fixtures/field/${path}`;

interface Trial {
  readonly model: string;
  readonly data: string;
  readonly loss?: AuditModelOptions["loss"];
  readonly blocked_all?: readonly number[];
  readonly blocked?: Readonly<Record<string, number>>;
  readonly frozen?: readonly string[];
  readonly loss_value?: number;
}

const trials = (folder: string): Trial[] =>
  JSON.parse(readFileSync(file(`${folder}/expected.json`), "utf8")) as Trial[];

/** Audits a trial in float64. */
const audit = (
  folder: string,
  { model, data, loss }: Pick<Trial, "model" | "data" | "loss">,
  options: Partial<AuditModelOptions> = {},
) =>
  auditModel(file(`${folder}/${model}`), {
    data: file(`${folder}/${data}`),
    loss,
    precision: "float64",
    ...options,
  });

describe("a model exported for another batch size", () => {
  it.each([
    ["logits", "logits", 2],
    ["model", "batch", 1],
  ])("%s.onnx refuses 8 samples and names its size", async (model, data, size) => {
    const trial = { model: `${model}.onnx`, data: `${data}.npz` };
    await expectUserError(
      () => audit("fixed-batch-export", trial),
      file(`fixed-batch-export/${trial.model}`),
      new RegExp(`expected a batch of ${size}, .*, got 8: `),
    );
  });
});

/** Layers whose shares PyTorch measured, by folder; each trial of the folder has its values. */
const measured: readonly (readonly [string, Partial<AuditModelOptions>?])[] = [["segmentation"]];

describe("a model of the field against PyTorch", () => {
  for (const [folder, options] of measured)
    for (const trial of trials(folder).filter((t) => t.blocked_all ?? t.blocked))
      it(`${folder}/${trial.model} with ${trial.data} has PyTorch's blocked shares`, async () => {
        const { layers, loss } = await audit(folder, trial, options);
        const shares = new Map(layers.map(({ name, shares }) => [name, shares.blocked]));
        const expected = trial.blocked ?? trial.blocked_all ?? {};
        if (trial.blocked_all) expect(layers).toHaveLength(trial.blocked_all.length);
        for (const [layer, share] of Object.entries(expected)) {
          const got = trial.blocked ? shares.get(layer) : layers[Number(layer)].shares.blocked;
          // expected.json has six digits.
          expect(Math.abs((got ?? Number.NaN) / share - 1), `layer ${layer}: ${got}`).toBeLessThan(1e-5);
        }
        if (trial.loss_value !== undefined) expect(loss.value).toBeCloseTo(trial.loss_value, 4);
      });
});

describe("a batch of one picture", () => {
  it("is measured with a note", async () => {
    const { warnings } = await audit("segmentation", { model: "model.onnx", data: "one.npz" });
    expect(warnings).toEqual([expect.stringMatching(/^the batch has 1 sample: 2 layer\(s\) take their/)]);
  });
});
