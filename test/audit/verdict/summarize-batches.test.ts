import { describe, expect, test } from "vitest";
import type { AgreementReport, BatchesReport } from "../../../src/audit/report/result.js";
import { type BatchFindings, summarizeBatches } from "../../../src/audit/verdict/summarize-batches.js";
import { findNorms, readModel } from "../../../src/onnx/index.js";

const norms = findNorms(await readModel("examples/glyphs.onnx")).slice(0, 1);

const agreement = (value: number, shuffled = 0.95, sd = 0.01): AgreementReport => ({
  ...{ value, gain: 1, shuffled: { mean: shuffled, sd } },
  ...{ sizeEffect: 1 - shuffled, compositionEffect: shuffled - value },
});

const batches: BatchesReport = {
  ...{ how: "client", count: 8, sizes: { min: 32, max: 32 }, cuts: 3, seed: 0, reference: "whole" },
  ...{ meanLoss: 1, wholeLoss: 1, network: agreement(0.9) },
};

/** The sentences about one batch norm with this agreement. */
function told(value: AgreementReport | null, changes: Partial<BatchFindings> = {}) {
  const layers = [{ name: "bn1", op: "BatchNormalization", agreement: value, weights: null }];
  const findings = { batches, layers, norms, classes: null, loss: "cross-entropy", ...changes };
  const { why, ...answers } = summarizeBatches(findings);
  return { ...answers, text: why.join("\n") };
}

describe("The answers about batches", () => {
  test("name the number, its limit and the calibration", () => {
    const { verdict, text } = told(agreement(0.1));
    expect(verdict).toBe("harmful");
    expect(text).toMatch(/^Your batches cost something\. Below bn1, .* an agreement of 0\.10 /);
    expect(text).toMatch(
      /0\.95 ± 0\.01\.\nThe composition effect, 0\.85, is at least 0\.25: .*docs\/calibration\.md/,
    );
  });

  test("never tell to mix classes that are mixed, and look for another difference", () => {
    const { text } = told(agreement(0.1), { classes: { all: 10, most: 10, mean: 9.6 } });
    expect(text).toMatch(/The classes are mixed within the batches already\..* domain, source or brightness/);
    expect(text).not.toMatch(/Mix the classes/);
  });

  test("say how many classes a batch holds where they are not mixed", () => {
    const { text } = told(agreement(0.1), { classes: { all: 10, most: 3, mean: 2 } });
    expect(text).toMatch(/A batch holds 2\.00 of 10 classes on average\. Mix the classes/);
  });

  test("say leave it where nothing speaks against the batches", () => {
    const { verdict, normToBlame, text } = told(agreement(0.94));
    expect([verdict, normToBlame]).toEqual(["harmless", "harmless"]);
    expect(text).toMatch(/Leave the normalization as it is\.$/);
  });

  test("ask for more samples where a large effect is within its spread", () => {
    const { verdict, text } = told(agreement(0.5, 0.8, 0.3));
    expect(verdict).toBe("doubtful");
    expect(text).toMatch(/these are too few samples/);
  });

  test("give the size of batches a sentence of its own, and blame the norm for it", () => {
    const { verdict, normToBlame, text } = told(agreement(0.2, 0.2));
    expect([verdict, normToBlame]).toEqual(["harmless", "harmful"]);
    expect(text).toMatch(/Batches of 32 samples differ from one large batch even when shuffled/);
    expect(text).not.toMatch(/Leave the normalization/);
  });

  test("acquit nothing where only the whole network was measured", () => {
    const { verdict, text } = told(null);
    expect(verdict).toBe("doubtful");
    expect(text).toMatch(/No weights lie right below a norm/);
  });

  test("warn of a loss that may couple samples", () => {
    expect(told(agreement(0.94), { loss: "output" }).text).toMatch(/contrastive losses/);
    expect(told(agreement(0.94)).text).not.toMatch(/contrastive losses/);
  });

  test("are 1 by construction for norms that look at one sample at a time", () => {
    const frozen = norms.map((norm) => ({ ...norm, kind: "layer" as const }));
    const { verdict, text } = told(agreement(1, 1), { norms: frozen });
    expect(verdict).toBe("harmless");
    expect(text).toMatch(/agreement is 1 by construction \(measured: 1\.00\)/);
  });

  test("are unknown for one batch", () => {
    expect(told(agreement(1), { batches: { ...batches, count: 1 } })).toMatchObject({
      ...{ verdict: "unknown", normToBlame: "unknown" },
    });
  });
});
