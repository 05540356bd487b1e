import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { schemaTexts } from "../../scripts/schema-text.js";
import { parseAuditReport } from "../../src/audit/compare.js";
import { auditJson } from "../../src/report/audit-json.js";
import { auditReport, autoencoder, denseNet, hostile, mlpMixed } from "../support/report-fixture.js";

const reports = { mlp: mlpMixed(), autoencoder: autoencoder(), denseNet: denseNet(), hostile: hostile() };
const committed = readFileSync(new URL("../../schema/audit-2.json", import.meta.url), "utf8");
const validate = new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(committed));

describe("The JSON of an audit report", () => {
  test.each(Object.entries(reports))("of %s loses nothing and is valid for both validators", (_, report) => {
    const text = auditJson(report);
    expect(JSON.parse(text)).toEqual(report);
    expect(parseAuditReport(text, "report.json")).toEqual(report);
    expect(validate(JSON.parse(text)), JSON.stringify(validate.errors)).toBe(true);
  });

  test("has its keys in the order of the schema, whatever their order in the report", () => {
    const reversed = (value: unknown): unknown =>
      value === null || typeof value !== "object" || Array.isArray(value)
        ? Array.isArray(value)
          ? value.map(reversed)
          : value
        : Object.fromEntries(
            Object.entries(value)
              .toReversed()
              .map(([k, v]) => [k, reversed(v)]),
          );
    expect(auditJson(reversed(autoencoder()) as ReturnType<typeof autoencoder>)).toBe(
      auditJson(autoencoder()),
    );
  });

  test("writes lists of numbers on one line", () => {
    const lines = auditJson(mlpMixed()).split("\n");
    expect(lines.filter((line) => line.trim().startsWith('"energy": [')).length).toBe(2);
    expect(lines.length).toBeLessThan(200);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    "is not written with %d in it; the error names the place",
    (value) => {
      const report = autoencoder();
      report.layers[2].energy.total = value;
      expect(() => auditJson(report)).toThrow(/report\.layers\[2\]\.energy\.total/);
    },
  );

  test("is valid for a report without layers", () => {
    expect(validate(JSON.parse(auditJson(auditReport([]))))).toBe(true);
  });
});

describe("The file schema/audit-2.json", () => {
  test("equals the output of `npm run schema`", () => {
    expect(committed).toBe(schemaTexts().get("audit-2.json"));
  });

  test("rejects a wrong verdict and an empty object", () => {
    const report = JSON.parse(auditJson(mlpMixed()));
    report.layers[0].verdict = "bright";
    expect(validate(report)).toBe(false);
    expect(validate({})).toBe(false);
  });
});
