import { describe, expect, test } from "vitest";
import { auditTable } from "../../src/report/table.js";
import { width, wrap } from "../../src/report/terminal/text.js";
import { auditReport, autoencoder, denseNet, hostile, mlpOneClass } from "../support/report-fixture.js";

const plain = { color: false };
const widest = (text: string) => Math.max(...text.split("\n").map(width));

describe("the table of an audit", () => {
  test.each([
    ["mlp-one-class", mlpOneClass()],
    ["autoencoder", autoencoder()],
    ["densenet", denseNet()],
    ["hostile", hostile()],
    ["empty", auditReport([])],
  ])("%s reads as kept in golden/", async (name, report) => {
    await expect(auditTable(report, plain)).toMatchFileSnapshot(`golden/table-${name}.txt`);
  });

  test.each([40, 60, 80, 100, 140])("fits %i columns", (columns) => {
    for (const report of [mlpOneClass(), autoencoder(), denseNet(), hostile()])
      expect(widest(auditTable(report, { color: false, width: columns }))).toBeLessThanOrEqual(columns);
  });

  test("keeps a number and its percent sign on one line", () => {
    const text = "a part of its gradient that measures 94 % of the whole";
    for (let columns = 12; columns < 60; columns++) {
      expect(wrap(text, columns)).not.toMatch(/^%/m);
      expect(wrap(text, columns).split("\n").join(" ")).toBe(text);
    }
  });

  test("has one line for each layer, and no two shortened names are alike", () => {
    const report = denseNet();
    const lines = auditTable(report, plain)
      .split("\n")
      .slice(4, 4 + report.layers.length);
    const names = lines.map((line) => line.split(" ")[0]);
    expect(new Set(names).size).toBe(report.layers.length);
  });

  test("colours only add escape codes", () => {
    const colored = auditTable(autoencoder(), { color: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what is looked for
    const codes = /\u001b\[\d+m/g;
    expect(colored).toMatch(codes);
    expect(colored.replace(codes, "")).toBe(auditTable(autoencoder(), plain));
  });

  test("never passes on a control character of a name or message", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(auditTable(hostile(), plain)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});
