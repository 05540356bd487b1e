import { describe, expect, test } from "vitest";
import type { AgreementReport } from "../../../src/audit/report/result.js";
import type { Composition } from "../../../src/experiments/calibration/compositions.js";
import { type ComparedRuns, settingOf } from "../../../src/experiments/calibration/evidence.js";
import { answersOf, evidenceFor } from "../../../src/experiments/calibration/findings.js";
import type { MeasuredBatches } from "../../../src/experiments/calibration/measure-agreement.js";

const agreement = (compositionEffect: number): AgreementReport => ({
  ...{ value: 0.9 - compositionEffect, gain: 1, shuffled: { mean: 0.9, sd: 0 }, sizeEffect: 0.1 },
  compositionEffect,
});
const measured = (effect: number): MeasuredBatches => ({
  network: agreement(effect / 2),
  layers: [0, effect].map((e, i) => ({
    ...{ name: `norm${i}`, agreement: agreement(e), blocked: 0.2, removed: 0.7, chance: 0.6 },
  })),
  ...{ meanLoss: 1, wholeLoss: 1 },
});
const runs = (errors: readonly number[], effect = 0) =>
  errors.map((error) => ({ error, steps: 10, measured: [measured(effect), measured(effect)] }));
const oneClass: Composition = { domain: "none", arrangement: { by: "classes", count: 1 }, size: 32 };

const setting = (change: Partial<ComparedRuns>, effect = 0.5) =>
  settingOf(
    {
      ...{ family: "mlp-fashion", unit: "points", composition: oneClass },
      ...{ bn: runs([0.3, 0.3], effect), other: runs([0.1, 0.1]) },
      ...{ bnShuffled: runs([0.1, 0.1]), otherShuffled: runs([0.1, 0.1]), ...change },
    },
    3,
  );

describe("The outcomes of a setting", () => {
  test("Costs are in units of the bound of clear harm", () => {
    const points = setting({});
    expect(points.batchCosts[0]).toBeCloseTo(0.2 / 0.05, 12);
    const percent = setting({ unit: "percent" });
    expect(percent.batchCosts[0]).toBeCloseTo((0.3 / 0.1 - 1) / 0.1, 12);
  });

  test("The norm costs what batch norm loses beyond what the other norm loses", () => {
    const { normCosts, norm, batches } = setting({ other: runs([0.28, 0.29]) });
    expect(normCosts[0]).toBeCloseTo((0.2 - 0.18) / 0.05, 12);
    expect([batches, norm]).toEqual(["costly", "harmless"]);
  });

  test("An outcome is clear where all seeds are beyond a bound", () => {
    expect(setting({ bn: runs([0.3, 0.14]) }).batches).toBe("unclear");
    expect(setting({ bn: runs([0.129, 0.1]) }).batches).toBe("harmless");
    expect(setting({ bn: runs([0.131, 0.1]) }).batches).toBe("unclear");
  });
});

describe("The evidence", () => {
  const shuffled = (size: number): Composition => ({ ...oneClass, size, arrangement: { by: "shuffled" } });
  const settings = [
    setting({}),
    setting({ composition: shuffled(32) }),
    setting({ composition: shuffled(8) }),
    setting({ family: "mlp-mnist" }),
  ];

  test("References are no evidence on batches; other sizes are evidence on the norm", () => {
    const names = (question: "batches" | "norm") =>
      evidenceFor(question, "held out", settings).map(({ composition }) => composition);
    expect(names("batches")).toEqual(["classes-1-of-32"]);
    expect(names("norm")).toEqual(["classes-1-of-32", "shuffled-of-8"]);
  });

  test("False alarms and misses are counted over the audits of clear cases", () => {
    const cases = [
      setting({}, 0.9),
      setting({}, 0),
      setting({ bn: runs([0.1, 0.1], 0.9) }),
      setting({ bn: runs([0.1, 0.1], 0) }),
    ];
    expect(answersOf(cases, { question: "batches", part: "held out", moment: "start" })).toMatchObject({
      ...{ harmless: 4, falseAlarms: 2, costly: 4, misses: 2, open: 0 },
    });
    expect(answersOf(cases, { question: "batches", part: "held out", moment: "start" }, 0)).toMatchObject({
      harmless: 2,
      falseAlarms: 1,
    });
  });
});
