import { describe, expect, test } from "vitest";
import { findFailures, parseFailOn } from "../../src/audit/fail-on.js";
import { UserError } from "../../src/base/errors.js";
import { autoencoder, denseNet, hostile } from "../support/report-fixture.js";

const failing = (conditions: string, report = autoencoder()) => [
  ...new Set(findFailures(report, parseFailOn(conditions)).map(({ layer }) => layer)),
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
    ["verdict>=dim", ["enc_bn1", "code_bn", "dec_bn2"]],
    ["verdict!=clear", ["enc_bn1", "code_bn", "dec_bn2"]],
    ["removed>0.93 , elements=64", ["code_bn", "dec_bn2"]],
  ])("with %s finds the layers that meet a condition", (conditions, layers) => {
    expect(failing(conditions)).toEqual(layers);
  });

  test("reports layer, condition and value", () => {
    expect(findFailures(autoencoder(), parseFailOn("removed>0.9,verdict=blind"))).toEqual([
      { layer: "dec_bn2", condition: "removed>0.9", value: 0.93463 },
      { layer: "dec_bn2", condition: "verdict=blind", value: "blind" },
    ]);
  });

  test("meets no condition on a number that the layer lacks", () => {
    const without = denseNet().layers.filter(({ weights }) => weights === null);
    expect(without.length).toBeGreaterThan(0);
    const both = failing("removed>=0,removed<1e9", denseNet());
    expect(both.filter((name) => without.some((layer) => layer.name === name))).toEqual([]);
    expect(failing("identityResidual!=7,epsilon<9", hostile())).toEqual([" "]);
  });

  test.each([
    [
      "removd>0.9",
      /expected a field of a layer, got removd; use one of verdict, shares\.blocked, .*weights\.removed/,
    ],
    ["lost.removed>0.9", /expected a field of a layer, got lost\.removed/],
    ["moved>0.9", /expected a field of a layer, got moved/],
    ["removed>high", /expected a number after >, got `high`/],
    ["removed>", /expected conditions such as/],
    ["removed", /expected conditions such as/],
    ["removed=>0.9", /expected conditions such as/],
    ["removed>0.9,", /expected conditions such as .* got ``/],
    ["", /expected conditions such as/],
    ["verdict=blnd", /expected one of the verdicts clear, dim, blind, got `blnd`/],
  ])("refuses %s in one line", (conditions, message) => {
    expect(() => parseFailOn(conditions)).toThrow(UserError);
    expect(() => parseFailOn(conditions)).toThrow(message);
  });
});
