import { describe, expect, test } from "vitest";
import { compareReports, parseAuditReport } from "../../src/audit/compare.js";
import { UserError } from "../../src/base/errors.js";
import { auditJson } from "../../src/report/audit-json.js";
import { autoencoder, denseNet, mlpMixed, mlpOneClass } from "../support/report-fixture.js";

describe("A comparison of two reports", () => {
  test("matches layers of the same name and subtracts their numbers", () => {
    const { layers, onlyInA, onlyInB, warnings } = compareReports(mlpMixed(), mlpOneClass());
    expect(layers.map(({ name }) => name)).toEqual(["bn1", "bn2"]);
    expect(layers[1]).toMatchObject({
      a: { removed: 0.75848, verdict: "clear" },
      b: { removed: 0.95926, verdict: "blind" },
    });
    expect(layers[1].delta.removed).toBeCloseTo(0.20078, 12);
    expect(layers[1].delta.blocked).toBeCloseTo(0.574615 - 0.0358639, 12);
    expect([onlyInA, onlyInB, warnings]).toEqual([[], [], []]);
  });

  test("matches layers by name, not by place, and lists the layers of one report only", () => {
    const [a, b] = [autoencoder(), autoencoder()];
    b.layers.reverse();
    b.layers[0].name = "renamed";
    const { layers, onlyInA, onlyInB } = compareReports(a, b);
    expect(layers.map(({ name }) => name)).toEqual(["enc_bn1", "enc_bn2", "code_bn", "dec_bn1"]);
    expect(layers.every(({ delta }) => delta.removed === 0 && delta.blocked === 0)).toBe(true);
    expect([onlyInA, onlyInB]).toEqual([["dec_bn2"], ["renamed"]]);
  });

  test("has no difference where one report lacks the number", () => {
    const { layers } = compareReports(denseNet(), denseNet());
    expect(layers[0].delta).toMatchObject({ blocked: 0, removed: null, cosine: null });
  });

  test("warns of every other difference between the reports", () => {
    const other = mlpOneClass();
    other.source.sha256 = "00".repeat(32);
    other.loss.kind = "mse";
    other.precision = "float64";
    other.thresholds.dim.removed = 0.5;
    expect(compareReports(mlpMixed(), other).warnings).toEqual([
      "the models differ and so do the batches: models/mlp.onnx on data/batch.npz, models/mlp.onnx on data/batch.single-class.npz",
      "the losses differ: cross-entropy, mse",
      "the precisions differ: float32, float64",
      "the thresholds differ, so the verdicts cannot be compared",
    ]);
    expect(compareReports(mlpMixed(), mlpMixed()).warnings).toEqual([
      "both reports are audits of the same model on the same batch",
    ]);
  });
});

describe("A text that is not a valid report", () => {
  const valid = () => JSON.parse(auditJson(mlpMixed()));

  test.each([
    [
      "cut off",
      () => auditJson(mlpMixed()).slice(0, 200),
      /^r\.json: expected a JSON audit report, got text that is not JSON \(/,
    ],
    ["a list", () => "[]", /^r\.json: expected an audit report with schema .*, got no schema; /],
    ["null", () => "null", /^r\.json: expected an audit report/],
    [
      "another schema",
      () => '{"schema":"x/9"}',
      /^r\.json: expected an audit report with schema .*, got "x\/9"/,
    ],
    [
      "a wrong field",
      () => JSON.stringify({ ...valid(), precision: 32 }),
      /^r\.json: \/precision: not a valid audit report: this field /,
    ],
    [
      "a missing field deep inside",
      () => {
        const report = valid();
        delete report.layers[1].shares.chance;
        return JSON.stringify(report);
      },
      /^r\.json: \/layers\/1\/shares: not a valid audit report: .*chance/,
    ],
  ])("(%s) is refused in one line that names the file and the place", (_, text, message) => {
    expect(() => parseAuditReport(text(), "r.json")).toThrow(UserError);
    expect(() => parseAuditReport(text(), "r.json")).toThrow(message);
  });
});
