import { describe, expect, it } from "vitest";
import { atLeast, atMost, type ClaimTable, decideClaims } from "../../src/experiments/claims.js";

const common = { statement: "", source: "", measure: "" };
const table: ClaimTable<string, number> = [
  { id: "one", ...common, ...atLeast(2), conditions: ["a"], value: (a) => a },
  { id: "two", ...common, ...atMost(0.5), conditions: ["a", "b"], value: (a, b) => a / b },
];
const runs: Record<string, number[] | undefined> = { a: [3, 3, 3.5], b: [30, 10, 20] };

describe("claim tables", () => {
  it("A claim compares the runs of its conditions seed by seed", () => {
    const decided = decideClaims(table, (condition) => runs[condition]);
    expect(decided.map(({ id, values, outcome }) => [id, values, outcome])).toEqual([
      ["one", [3, 3, 3.5], "confirmed"],
      ["two", [0.1, 0.3, 0.175], "confirmed"],
    ]);
  });

  it("A claim is left out where one of its conditions was not run", () => {
    const decided = decideClaims(table, (condition) => (condition === "a" ? runs.a : undefined));
    expect(decided.map(({ id }) => id)).toEqual(["one"]);
  });

  it("A decided claim has the fields of a result and no others", () => {
    const [claim] = decideClaims(table, (condition) => runs[condition]);
    expect(Object.keys(claim).sort()).toEqual(
      [
        "id",
        "statement",
        "measure",
        "relation",
        "bound",
        "values",
        "mean",
        "deviation",
        "interval",
        "outcome",
      ].sort(),
    );
  });
});
