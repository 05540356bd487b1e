import { describe, expect, it } from "vitest";
import { tableOptions, wantsJson } from "../../src/cli/output.js";

it.each([
  [{}, false],
  [{ output: "a.txt" }, false],
  [{ output: "A.JSON" }, true],
  [{ format: "json" }, true],
  [{ format: "table", output: "a.json" }, false],
] as const)("The flags %o ask for JSON: %s", (flags, json) => {
  expect(wantsJson(flags)).toBe(json);
});

describe("A table", () => {
  const terminal = (columns: number) => ({ isTTY: true, columns });

  it.each([
    [60, 60],
    [100, 100],
    [250, 100],
    [10, 40],
    [0, 100],
  ])("on a terminal of %i columns takes %i columns", (columns, width) => {
    expect(tableOptions(undefined, terminal(columns)).width).toBe(width);
  });

  it("takes 100 columns without colours in files and pipes", () => {
    const plain = { color: false, width: 100 };
    expect(tableOptions("report.txt", terminal(60))).toEqual(plain);
    expect(tableOptions(undefined, { isTTY: false, columns: 60 })).toEqual(plain);
  });
});
