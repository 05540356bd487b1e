import { describe, expect, test } from "vitest";
import type { AgreementReport } from "../../../src/audit/report/result.js";
import { BATCH_LIMITS, judgeBatches } from "../../../src/audit/verdict/batch-verdict.js";

const effectOf = (compositionEffect: number, sd = 0): AgreementReport => ({
  value: 0.9 - compositionEffect,
  gain: 1,
  shuffled: { mean: 0.9, sd },
  sizeEffect: 0.1,
  compositionEffect,
});

const judged = (effects: readonly [effect: number, sd?: number][], cuts = 3) =>
  judgeBatches({
    layers: effects.map(([effect, sd], i) => ({ name: `norm${i + 1}`, agreement: effectOf(effect, sd) })),
    network: null,
    cuts,
  });

describe("The verdict on batches", () => {
  test("The layer with the largest composition effect decides", () => {
    expect(judged([[0], [0.9], [0.01]])).toMatchObject({
      ...{ verdict: "harmful", decidedBy: "norm2", effect: 0.9, tooFewSamples: false },
      ...{ normToBlame: "harmful", leastAgreeing: "norm2", agreement: expect.closeTo(0, 12) },
    });
  });

  test("Effects below, between and above the limits are harmless, doubtful and harmful", () => {
    const { harmless, harmful } = BATCH_LIMITS;
    const verdicts = [0, harmless - 1e-9, harmless, harmful - 1e-9, harmful].map(
      (effect) => judged([[effect]]).verdict,
    );
    expect(verdicts).toEqual(["harmless", "harmless", "doubtful", "doubtful", "harmful"]);
  });

  test("A negative effect is harmless: the batches agree better than shuffled ones", () => {
    expect(judged([[-0.2]])).toMatchObject({ verdict: "harmless", normToBlame: "harmless" });
  });

  test("A large effect within its margin makes harmless batches doubtful for want of samples", () => {
    expect(judged([[0.4, 0.2], [0.01]])).toMatchObject({ verdict: "doubtful", tooFewSamples: true });
    expect(judged([[0.4, 0.2], [0.35]])).toMatchObject({
      ...{ verdict: "harmful", decidedBy: "norm2", tooFewSamples: false },
    });
  });

  test("A small effect within its margin stays harmless", () => {
    expect(judged([[0.1, 0.2]])).toMatchObject({ verdict: "harmless", tooFewSamples: false });
  });

  test("The lowest agreement decides whether the norm is to blame", () => {
    const { blamed, acquitted } = BATCH_LIMITS;
    const answers = [acquitted, acquitted - 1e-9, blamed, blamed - 1e-9].map(
      (agreement) => judged([[0], [0.9 - agreement]]).normToBlame,
    );
    expect(answers).toEqual(["harmless", "doubtful", "doubtful", "harmful"]);
  });

  test("Shuffled batches that are too small are harmless against shuffled ones, and the norm is to blame", () => {
    const tiny: AgreementReport = {
      ...{ value: 0.1, gain: 2, shuffled: { mean: 0.11, sd: 0.02 }, sizeEffect: 0.89 },
      compositionEffect: 0.01,
    };
    expect(
      judgeBatches({ layers: [{ name: "norm1", agreement: tiny }], network: null, cuts: 3 }),
    ).toMatchObject({ verdict: "harmless", normToBlame: "harmful" });
  });

  test("The margin is the 95 % prediction bound of one more cut", () => {
    // t₂(0.95) = 2.92, and √(1 + 1/3) for the mean of three cuts.
    expect(judged([[0.1, 0.01]]).margin).toBeCloseTo(2.92 * 0.01 * Math.sqrt(4 / 3), 12);
    expect(judged([[0.1, 0.01]], 1).margin).toBeNull();
  });

  test("With a single cut the spread is unknown, so a large effect is doubtful", () => {
    expect(judged([[0.9]], 1)).toMatchObject({ verdict: "doubtful", tooFewSamples: true });
  });

  test("Without layers to measure, all weights together may accuse and not acquit", () => {
    const layers = [{ name: "norm1", agreement: null }];
    expect(judgeBatches({ layers, network: effectOf(0), cuts: 3 })).toMatchObject({
      ...{ verdict: "doubtful", normToBlame: "doubtful", decidedBy: "network", tooFewSamples: false },
    });
    expect(judgeBatches({ layers, network: effectOf(0.5), cuts: 3 })).toMatchObject({
      ...{ verdict: "harmful", decidedBy: "network" },
    });
    expect(judgeBatches({ layers, network: null, cuts: 3 })).toMatchObject({
      ...{ verdict: "unknown", normToBlame: "unknown", decidedBy: null },
    });
  });
});
