import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { judge } from "../../../src/audit/verdict/judge.js";
import { DEFAULT_THRESHOLDS } from "../../../src/audit/verdict/thresholds.js";
import { decodeModel, findNorms, type NormKind, type OnnxNode } from "../../../src/onnx/index.js";
import { Attributes } from "../../../src/onnx/model.js";
import { type NormKindEntry, normKindEntries, normKinds } from "../../../src/onnx/norms/kinds.js";
import { opOf } from "../../../src/onnx/ops/table.js";
import { shortOp } from "../../../src/report/format.js";
import { float, modelBytes } from "../../support/onnx/build.js";
import { opCases } from "../../support/onnx/op-cases.js";
import { without } from "../../support/without.js";

const operators = normKindEntries.flatMap(([kind, entry]) =>
  Object.keys(entry.operators).map((op): [string, NormKind] => [op, kind]),
);

describe("the table of normalization kinds", () => {
  it("An entry that lacks a field does not compile", () => {
    const entry = normKinds.batch;
    const incomplete: NormKindEntry[] = [
      // @ts-expect-error: no operator name
      without(entry, "operator"),
      // @ts-expect-error: no operators
      without(entry, "operators"),
      // @ts-expect-error: no patterns
      without(entry, "patterns"),
      // @ts-expect-error: no blocked directions
      without(entry, "centred"),
      // @ts-expect-error: no meaning of a group
      without(entry, "groupedBy"),
      // @ts-expect-error: not said whether a group spans samples
      without(entry, "acrossSamples"),
      // @ts-expect-error: no advice
      without(entry, "advice"),
    ];
    expect(incomplete).toHaveLength(Object.keys(entry).length);
  });

  it("An operator that lacks a field does not compile", () => {
    const operator = normKinds.batch.operators.BatchNormalization;
    const incomplete: NormKindEntry["operators"][string][] = [
      // @ts-expect-error: no axes of the statistics
      without(operator, "statistics"),
      // @ts-expect-error: no layout of scale and bias
      without(operator, "affine"),
      // @ts-expect-error: not said whether it has running statistics
      without(operator, "running"),
    ];
    expect(incomplete).toHaveLength(Object.keys(operator).length);
  });

  it.each(operators)("A node of operator %s is found as kind %s", (op, kind) => {
    const names = normKinds[kind].centred ? ["x", "scale", "bias", "mean", "var"] : ["x", "scale"];
    const stored = Object.fromEntries(names.slice(1).map((name) => [name, float([2], [1, 2])]));
    const bytes = modelBytes(
      {
        nodes: [{ op, inputs: names, outputs: ["y"] }],
        inputs: { x: { shape: [4, 2, 2] } },
        initializers: stored,
        outputs: ["y"],
      },
      23,
    );
    const { centred } = normKinds[kind];
    expect(findNorms(decodeModel("m.onnx", bytes))).toMatchObject([{ kind, op, centred }]);
  });

  it.each(operators)("The importer evaluates operator %s, and ONNX Runtime checks it", (op) => {
    const node: OnnxNode = {
      name: "n",
      op,
      domain: "",
      inputs: [],
      outputs: [],
      attributes: new Attributes(),
    };
    expect(opOf(node)).toBeDefined();
    expect(opCases.map((opCase) => opCase.op)).toContain(op);
  });

  it.each(operators)("Report tables show operator %s as %s", (op, kind) => {
    expect(shortOp({ op, mode: "training" })).toBe(kind);
    expect(shortOp({ op: `${normKinds[kind].operator} (decomposed)`, mode: "training" })).toBe(kind);
  });

  it.each(normKindEntries)("A blind layer of kind %s gets the advice of its entry", (kind, entry) => {
    const { why } = judge(
      {
        kind,
        groupedBy: entry.groupedBy,
        elements: 64,
        groups: 4,
        constantGroups: 0,
        nonFinite: 0,
        energy: 1,
        hasStatistics: true,
        shares: { blocked: 0.9, first: 0.5, diag: 0.4, chance: 2 / 64 },
        weights: null,
      },
      DEFAULT_THRESHOLDS,
    );
    expect(why).toContain(entry.advice);
    expect(entry.advice).toMatch(/^[A-Z].*\.$/);
  });

  it.each(normKindEntries)("The README names kind %s", (_, { operator }) => {
    const readme = readFileSync("README.md", "utf8").replace(/\s+/g, " ");
    expect(readme).toMatch(new RegExp(operator.replace(/Normalization$/, " ?normalization"), "i"));
  });
});
