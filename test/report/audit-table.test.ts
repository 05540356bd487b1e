import { describe, expect, test } from "vitest";
import { auditTable } from "../../src/report/audit-table.js";
import { width, wrap } from "../../src/report/terminal/text.js";
import { auditReport, autoencoder, denseNet, hostile, mlpOneClass } from "../support/report-fixture.js";

const plain = { color: false };
const widest = (text: string) => Math.max(...text.split("\n").map(width));

describe("The table of an audit report", () => {
  test.each([
    ["mlp-one-class", mlpOneClass()],
    ["autoencoder", autoencoder()],
    ["densenet", denseNet()],
    ["hostile", hostile()],
    ["empty", auditReport([])],
  ])("of %s equals its golden file", async (name, report) => {
    await expect(auditTable(report, plain)).toMatchFileSnapshot(`golden/table-${name}.txt`);
  });

  test.each([40, 60, 80, 100, 140])("fits a terminal of %i columns", (columns) => {
    for (const report of [mlpOneClass(), autoencoder(), denseNet(), hostile()])
      expect(widest(auditTable(report, { color: false, width: columns }))).toBeLessThanOrEqual(columns);
  });

  test("keeps a number and its percent sign on one line", () => {
    const text = "the removed part of the gradient has 94 % of its length";
    for (let columns = 12; columns < 60; columns++) {
      expect(wrap(text, columns)).not.toMatch(/^%/m);
      expect(wrap(text, columns).split("\n").join(" ")).toBe(text);
    }
  });

  test("has one line for each layer, and all shortened names differ", () => {
    const report = denseNet();
    const lines = auditTable(report, plain)
      .split("\n")
      .slice(4, 4 + report.layers.length);
    const names = lines.map((line) => line.split(" ")[0]);
    expect(new Set(names).size).toBe(report.layers.length);
  });

  test("differs only by escape codes with and without colours", () => {
    const colored = auditTable(autoencoder(), { color: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for escape codes
    const codes = /\u001b\[\d+m/g;
    expect(colored).toMatch(codes);
    expect(colored.replace(codes, "")).toBe(auditTable(autoencoder(), plain));
  });

  test("contains no control character of a name or message", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for control characters
    expect(auditTable(hostile(), plain)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});
