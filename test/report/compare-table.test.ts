import { describe, expect, test } from "vitest";
import { compareReports } from "../../src/audit/compare.js";
import { compareTable } from "../../src/report/compare-table.js";
import { width } from "../../src/report/terminal/text.js";
import { autoencoder, denseNet, hostile, mlpMixed, mlpOneClass } from "../support/report-fixture.js";

describe("The table of a comparison", () => {
  test.each([
    ["mlp", compareReports(mlpMixed(), mlpOneClass())],
    ["unrelated", compareReports(denseNet(), hostile())],
  ])("of %s equals its golden file", async (name, comparison) => {
    await expect(compareTable(comparison, { color: false })).toMatchFileSnapshot(
      `golden/compare-${name}.txt`,
    );
  });

  test.each([60, 80, 100])("fits a terminal of %i columns", (columns) => {
    for (const [a, b] of [
      [denseNet(), denseNet()],
      [autoencoder(), hostile()],
      [hostile(), hostile()],
    ] as const)
      for (const line of compareTable(compareReports(a, b), { color: false, width: columns }).split("\n"))
        expect(width(line)).toBeLessThanOrEqual(columns);
  });
});
