import { describe, expect, test } from "vitest";
import type { AgreementReport, AuditReport } from "../../src/audit/report/result.js";
import { findWorse } from "../../src/audit/worse.js";
import { mlpMixed, mlpOneClass } from "../support/report-fixture.js";

const agreement = (compositionEffect: number, sd = 0.01): AgreementReport => ({
  ...{ value: 0.9 - compositionEffect, gain: 1, shuffled: { mean: 0.9, sd } },
  ...{ sizeEffect: 0.1, compositionEffect },
});

/** A report whose layer bn2 has this composition effect. */
function withEffect(effect: number, sd?: number): AuditReport {
  const report = mlpMixed();
  report.layers[1].agreement = agreement(effect, sd);
  return report;
}

describe("A report is worse than another", () => {
  test("where the verdict of a layer is a step up", () => {
    expect(findWorse(mlpMixed(), mlpOneClass())).toEqual([
      { layer: "bn2", field: "verdict", a: "clear", b: "blind" },
    ]);
  });

  test("where an answer about the batches is a step up", () => {
    const [a, b] = [mlpMixed(), mlpMixed()];
    a.summary.verdict = "harmless";
    b.summary.verdict = "doubtful";
    expect(findWorse(a, b)).toEqual([
      { layer: null, field: "summary.verdict", a: "harmless", b: "doubtful" },
    ]);
  });

  test("where a composition effect has grown by more than its spread and the tolerance", () => {
    const grown = { layer: "bn2", field: "compositionEffect", a: "0.020", b: "0.150" };
    expect(findWorse(withEffect(0.02), withEffect(0.15))).toEqual([grown]);
    expect(findWorse(withEffect(0.02), withEffect(0.15), 0.2)).toEqual([]);
    expect(findWorse(withEffect(0.02), withEffect(0.15, 0.1))).toEqual([]);
  });

  test("never where it is equal, better, or where an answer is unknown", () => {
    const known = mlpMixed();
    known.summary.verdict = "harmful";
    expect(findWorse(mlpOneClass(), mlpMixed())).toEqual([]);
    expect(findWorse(mlpMixed(), mlpMixed())).toEqual([]);
    expect(findWorse(mlpMixed(), known)).toEqual([]);
  });
});
