import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Setting } from "../../../src/experiments/calibration/evidence.js";
import { type ExperimentResult, reproduce } from "../../../src/experiments/index.js";
import { temporaryFolder } from "../../support/temporary.js";

const folder = temporaryFolder();

describe("calibration at scale smoke, one seed", () => {
  let result: ExperimentResult;
  let settings: readonly Setting[];
  beforeAll(async () => {
    const out = folder.path("calibration");
    result = await reproduce("calibration", { out, seeds: [0] });
    settings = JSON.parse(readFileSync(`${out}/runs/evidence.json`, "utf8")).settings;
  });
  const named = (composition: string) => settings.find((setting) => setting.composition === composition);
  const effect = (composition: string) =>
    named(composition)?.predictors.start[0]["composition effect, worst layer"] ?? Number.NaN;

  test("One-class batches cost a lot, and their composition effect is large before training", () => {
    expect(named("classes-1-of-32")?.batches).toBe("costly");
    expect(effect("classes-1-of-32")).toBeGreaterThan(0.5);
    expect(named("classes-1-of-32")?.judgements.start[0].verdict).toBe("harmful");
  });

  test("Batches sorted by position have no effect before training", () => {
    expect(effect("sorted-down-of-32")).toBeLessThan(0.05);
    expect(named("sorted-down-of-32")?.judgements.start[0].verdict).toBe("harmless");
  });

  test("References are shuffled batches, which cost nothing against themselves", () => {
    expect(settings.filter(({ reference }) => reference).map(({ composition }) => composition)).toEqual([
      "shuffled-of-32",
      "shuffled-of-8",
    ]);
    expect(named("shuffled-of-32")?.batchCosts).toEqual([0]);
    expect(result.measurements.length).toBe(4 * settings.length);
  });
});
