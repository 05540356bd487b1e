import { describe, expect, test } from "vitest";
import { findFailures, parseFailOn } from "../../src/audit/fail-on.js";
import { UserError } from "../../src/base/errors.js";
import { autoencoder, denseNet, hostile } from "../support/report-fixture.js";

const failing = (conditions: string, report = autoencoder()) => [
  ...new Set(findFailures(report, parseFailOn(conditions)).failures.map(({ layer }) => layer)),
];

describe("The option --fail-on", () => {
  test.each([
    ["removed>0.9", ["dec_bn2"]],
    ["weights.removed > 0.8", ["code_bn", "dec_bn2"]],
    ["blocked>=0.218461", ["code_bn"]],
    ["first>0.1", ["code_bn"]],
    ["weights.first>0.85", ["code_bn"]],
    ["cosine<0.5", ["code_bn", "dec_bn2"]],
    ["elements=64", ["code_bn"]],
    ["elements!=12544", ["enc_bn2", "code_bn", "dec_bn2"]],
    ["kept<=0.32337", ["code_bn"]],
    ["energy.total>5e-7", ["code_bn"]],
    ["gradGamma<0", []],
    ["leak.max<1e-3,cosine<0", ["enc_bn1", "enc_bn2", "code_bn", "dec_bn1", "dec_bn2"]],
    ["verdict=blind", ["dec_bn2"]],
    ["verdict>=dim", ["code_bn", "dec_bn2"]],
    ["verdict!=clear", ["code_bn", "dec_bn2"]],
    ["overChance>0.9", ["dec_bn2"]],
    ["weights.chance<0.4,chance>0.03", ["code_bn"]],
    ["removed>0.93 , elements=64", ["code_bn", "dec_bn2"]],
  ])("with %s finds the layers that meet a condition", (conditions, layers) => {
    expect(failing(conditions)).toEqual(layers);
  });

  test("reports layer, condition and value", () => {
    expect(findFailures(autoencoder(), parseFailOn("removed>0.9,verdict=blind")).failures).toEqual([
      { layer: "dec_bn2", condition: "removed>0.9", value: 0.93463 },
      { layer: "dec_bn2", condition: "verdict=blind", value: "blind" },
    ]);
  });

  test("meets no condition on a number that the layer lacks", () => {
    const without = denseNet().layers.filter(({ weights }) => weights === null);
    expect(without.length).toBeGreaterThan(0);
    const both = failing("removed>=0,removed<1e9", denseNet());
    expect(both.filter((name) => without.some((layer) => layer.name === name))).toEqual([]);
    const { failures } = findFailures(hostile(), parseFailOn("identityResidual!=7,epsilon<9"));
    const ofNumbers = failures.filter(({ condition }) => condition !== "unmeasured");
    expect(new Set(ofNumbers.map(({ layer }) => layer))).toEqual(new Set([" "]));
  });

  test("fails every layer that could not be measured, if there is a condition", () => {
    const report = hostile();
    const [unmeasured] = report.summary.unmeasured;
    expect(findFailures(report, parseFailOn("blocked>2")).failures).toEqual([
      { layer: unmeasured, condition: "unmeasured", value: "unmeasured" },
    ]);
    expect(findFailures(report, []).failures).toEqual([]);
  });

  test("is not tested where no measured layer has the number, for it could never fail", () => {
    const report = autoencoder();
    const bare = { ...report, layers: report.layers.map((layer) => ({ ...layer, weights: null })) };
    const { failures, untested } = findFailures(bare, parseFailOn("blocked>2,removed>0.9"));
    expect(failures).toEqual([]);
    expect(untested).toEqual(["--fail-on: `removed>0.9`: no layer has this number; choose another field"]);
  });

  test("names the measured layers that a condition does not test", () => {
    const report = denseNet();
    const without = report.layers.filter(({ weights }) => weights === null).map(({ name }) => name);
    const { notes } = findFailures(report, parseFailOn("removed>0.9,blocked>0.1"));
    expect(notes).toEqual([
      `--fail-on: \`removed>0.9\` was not tested on ${without.join(", ")}, which lack this number`,
    ]);
    expect(findFailures(autoencoder(), parseFailOn("removed>0.9,verdict=blind")).notes).toEqual([]);
  });

  test("tests verdicts of the batches on the summary", () => {
    const report = autoencoder();
    report.summary.verdict = "doubtful";
    report.summary.normToBlame = "harmless";
    const met = (conditions: string) => findFailures(report, parseFailOn(conditions)).failures;
    expect(met("verdict>=doubtful")).toEqual([
      { layer: null, condition: "verdict>=doubtful", value: "doubtful" },
    ]);
    expect(met("verdict=harmful,normToBlame>harmless")).toEqual([]);
  });

  test("tests the effects of layers and of the network", () => {
    const report = autoencoder();
    const agreement = {
      ...{ value: 0.5, gain: 1, shuffled: { mean: 0.9, sd: 0.01 } },
      ...{ sizeEffect: 0.1, compositionEffect: 0.4 },
    };
    report.layers[2].agreement = agreement;
    report.batches = {
      ...{ how: "size:64", count: 2, sizes: { min: 64, max: 64 }, cuts: 3, seed: 0, reference: "whole" },
      ...{ meanLoss: 1, wholeLoss: 1, network: { ...agreement, compositionEffect: 0.2 } },
    };
    const { failures, notes } = findFailures(report, parseFailOn("compositionEffect>0.3,agreement<0.6"));
    expect(failures.map(({ layer }) => layer)).toEqual(["code_bn", "code_bn"]);
    expect(notes[0]).toMatch(/`compositionEffect>0\.3` was not tested on enc_bn1, enc_bn2, dec_bn1, dec_bn2/);
    expect(failing("network.compositionEffect>0.3", report)).toEqual([]);
    expect(failing("network.compositionEffect>0.1", report)).toEqual([null]);
  });

  test("says which conditions cannot be tested at all", () => {
    const { untested, failures } = findFailures(
      autoencoder(),
      parseFailOn("verdict=harmful,compositionEffect>0.3,network.gain>2"),
    );
    expect(failures).toEqual([]);
    expect(untested).toHaveLength(3);
    for (const sentence of untested) expect(sentence).toMatch(/one batch does not tell it: audit several/);
  });

  test.each([
    [
      "removd>0.9",
      /expected a field of a layer or of the network, got removd; use one of verdict, normToBlame, shares\.blocked, .*weights\.removed/,
    ],
    ["lost.removed>0.9", /expected a field of a layer or of the network, got lost\.removed/],
    ["moved>0.9", /expected a field of a layer or of the network, got moved/],
    ["network.removed>0.9", /expected a field of a layer or of the network, got network\.removed/],
    ["removed>high", /expected a number after >, got `high`/],
    ["removed>", /expected conditions such as/],
    ["removed", /expected conditions such as/],
    ["removed=>0.9", /expected conditions such as/],
    ["removed>0.9,", /expected conditions such as .* got ``/],
    ["", /expected conditions such as/],
    [
      "verdict=blnd",
      /expected a verdict, got `blnd`; use one of clear, dim, blind \(of a layer\) or harmless, doubtful, harmful/,
    ],
    ["normToBlame=blind", /expected a verdict, got `blind`; use one of harmless, doubtful, harmful/],
    ["verdict=unknown", /expected a verdict, got `unknown`/],
  ])("refuses %s in one line", (conditions, message) => {
    expect(() => parseFailOn(conditions)).toThrow(UserError);
    expect(() => parseFailOn(conditions)).toThrow(message);
  });
});
