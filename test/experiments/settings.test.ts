import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { catalogue } from "../../src/experiments/catalogue.js";
import {
  belowOne,
  oneOf,
  positive,
  type SettingsTable,
  settingsOf,
  showSetting,
  twoSizes,
  wholeNumber,
} from "../../src/experiments/settings.js";
import { expectUserError } from "../support/user-error.js";

const table = {
  kinds: { batch: wholeNumber(2), rate: positive, momentum: belowOne, hidden: twoSizes, data: oneOf(["a"]) },
  scales: {
    smoke: { batch: 8, rate: 0.1, momentum: 0, hidden: [4, 2], data: "a" },
    paper: { batch: 64, rate: 0.01, momentum: 0.9, hidden: [64, 32], data: "a" },
  },
} as const satisfies SettingsTable;

describe("settings", () => {
  it("Overridden values replace those of the scale", () => {
    expect(settingsOf(table, "smoke")).toEqual(table.scales.smoke);
    expect(settingsOf(table, "paper", { batch: "2", rate: "1e-3", momentum: "0", hidden: "3x5" })).toEqual({
      ...{ batch: 2, rate: 0.001, momentum: 0, hidden: [3, 5], data: "a" },
    });
  });

  it("Every positive number that JavaScript writes is read back", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, minExcluded: true, noNaN: true, noDefaultInfinity: true }),
        (rate) => settingsOf(table, "smoke", { rate: String(rate) }).rate === rate,
      ),
    );
  });

  it.each([
    [{ batch: "1" }, "batch=1", /a whole number from 2/],
    [{ batch: "8.5" }, "batch=8.5", /a whole number/],
    [{ batch: "" }, "batch=", /a whole number/],
    [{ batch: "0x10" }, "batch=0x10", /a whole number/],
    [{ batch: "99999999999999999999" }, "batch=99999999999999999999", /a whole number/],
    [{ rate: "0" }, "rate=0", /above 0/],
    [{ rate: "-1" }, "rate=-1", /above 0/],
    [{ rate: "1e999" }, "rate=1e999", /above 0/],
    [{ rate: "Infinity" }, "rate=Infinity", /above 0/],
    [{ rate: " 1" }, "rate= 1", /above 0/],
    [{ momentum: "1" }, "momentum=1", /below 1/],
    [{ hidden: "4" }, "hidden=4", /joined by x/],
    [{ hidden: "4x2x1" }, "hidden=4x2x1", /joined by x/],
    [{ hidden: "4x0" }, "hidden=4x0", /joined by x/],
    [{ data: "b" }, "data=b", /one of a$/],
    [{ depth: "1" }, "depth", /no such setting, expected one of batch, rate, momentum, hidden, data$/],
    [{ constructor: "1" }, "constructor", /no such setting/],
  ] as const)("The override %j is refused by its name and value", (overrides, where, words) =>
    expectUserError(async () => settingsOf(table, "smoke", overrides), where, words),
  );

  it("A scale that an experiment lacks is refused with the scales it has", () =>
    expectUserError(async () => settingsOf(table, "cpu"), "scale cpu", /expected smoke, paper$/));
});

it.each(catalogue)(
  "$name has the scales smoke and cpu, and every value is read back from its text",
  async ({ load }) => {
    const { settings } = await load();
    for (const values of Object.values(settings.scales)) {
      const written = Object.entries(values).map(([name, value]) => [name, showSetting(value)]);
      expect(settingsOf(settings, "smoke", Object.fromEntries(written))).toEqual(values);
    }
    expect(Object.keys(settings.scales)).toEqual(expect.arrayContaining(["smoke", "cpu"]));
  },
);
