import { describe, expect, test } from "vitest";
import { findFailures, parseFailOn } from "../../src/audit/fail-on.js";
import { UserError } from "../../src/base/errors.js";
import { autoencoder, denseNet, hostile } from "../support/report-fixture.js";

const failing = (conditions: string, report = autoencoder()) => [
  ...new Set(findFailures(report, parseFailOn(conditions)).map(({ layer }) => layer)),
];

describe("--fail-on", () => {
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
  ])("%s", (conditions, layers) => {
    expect(failing(conditions)).toEqual(layers);
  });

  test("tells layer, condition and value", () => {
    expect(findFailures(autoencoder(), parseFailOn("removed>0.9,verdict=blind"))).toEqual([
      { layer: "dec_bn2", condition: "removed>0.9", value: 0.93463 },
      { layer: "dec_bn2", condition: "verdict=blind", value: "blind" },
    ]);
  });

  test("a value that a layer lacks meets no condition", () => {
    const without = denseNet().layers.filter(({ weights }) => weights === null);
    expect(without.length).toBeGreaterThan(0);
    const both = failing("removed>=0,removed<1e9", denseNet());
    expect(both.filter((name) => without.some((layer) => layer.name === name))).toEqual([]);
    expect(failing("identityResidual!=7,epsilon<9", hostile())).toEqual([" "]);
  });

  test.each([
    ["removd>0.9", /no field removd; it has verdict, shares\.blocked, .*weights\.removed/],
    ["lost.removed>0.9", /no field lost\.removed/],
    ["moved>0.9", /no field moved/],
    ["removed>high", /expected a number after >, got `high`/],
    ["removed>", /expected conditions like/],
    ["removed", /expected conditions like/],
    ["removed=>0.9", /expected conditions like/],
    ["removed>0.9,", /expected conditions like .* got ``/],
    ["", /expected conditions like/],
    ["verdict=blnd", /expected a verdict of clear, dim, blind, got `blnd`/],
  ])("%s is refused in one line", (conditions, message) => {
    expect(() => parseFailOn(conditions)).toThrow(UserError);
    expect(() => parseFailOn(conditions)).toThrow(message);
  });
});
