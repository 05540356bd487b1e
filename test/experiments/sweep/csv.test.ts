import { expect, it } from "vitest";
import { csvOf } from "../../../src/experiments/sweep/csv.js";
import type { SweepResult } from "../../../src/experiments/sweep/result.js";

it("Every value has a line, and fields with commas or quotes are quoted", () => {
  const measurement = (values: number[]) => ({
    ...{ group: "bn, ε/100", series: "", quantity: 'the "loss"', values, mean: 0, deviation: null },
  });
  const cell = (rate: string, values: number[]) => ({
    ...{ name: `rate=${rate}`, overrides: { rate }, norms: ["bn"], claims: [], trainingMs: 0 },
    measurements: [measurement(values)],
  });
  const result = {
    settings: { rate: ["0.1", "1"] },
    seeds: [5, 3],
    cells: [cell("0.1", [1, 2]), cell("1", [3e-9, 4])],
  };
  expect(
    // The CSV reads these fields only.
    csvOf(result as unknown as SweepResult).split("\r\n"),
  ).toEqual([
    "rate,group,series,quantity,seed,value",
    '0.1,"bn, ε/100",,"the ""loss""",5,1',
    '0.1,"bn, ε/100",,"the ""loss""",3,2',
    '1,"bn, ε/100",,"the ""loss""",5,3e-9',
    '1,"bn, ε/100",,"the ""loss""",3,4',
    "",
  ]);
});
