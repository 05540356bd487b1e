import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Claim } from "../../src/experiments/result.js";
import { decide, sampleOf } from "../../src/experiments/statistics.js";

const claim = (relation: Claim["relation"], bound: number): Claim => ({
  ...{ id: "x", statement: "x", measure: "x", relation, bound },
});

describe("claims over seeds", () => {
  it("A claim has the mean, the unbiased deviation and Student's interval", () => {
    // t(0.975, 3) = 3.182; the deviation of 1, 2, 3, 6 is √(14/3).
    const { mean, deviation, interval } = decide(claim("at least", 0), [1, 2, 3, 6]);
    expect([mean, deviation]).toEqual([3, Math.sqrt(14 / 3)]);
    expect(interval![1] - mean).toBeCloseTo((3.182 * Math.sqrt(14 / 3)) / 2, 10);
    expect(mean - interval![0]).toBeCloseTo(interval![1] - mean, 10);
  });

  it.each([
    ["at least", 2.9, "confirmed"],
    ["at least", 3, "undecided"],
    ["at least", 3.2, "not confirmed"],
    ["at most", 3.1, "confirmed"],
    ["at most", 3, "undecided"],
    ["at most", 2.8, "not confirmed"],
  ] as const)("The claim that 3.00 ± 0.01 is %s %f is %s", (relation, bound, outcome) => {
    expect(decide(claim(relation, bound), [2.99, 3, 3.01]).outcome).toBe(outcome);
  });

  it("A claim with a single seed is undecided, however far from the bound", () => {
    const { outcome, interval, deviation } = decide(claim("at least", 0), [1e6]);
    expect([outcome, interval, deviation]).toEqual(["undecided", null, null]);
  });

  it("A claim and its opposite are never both confirmed", () => {
    const values = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(values, fc.double({ min: -5, max: 5, noNaN: true }), (list, bound) => {
        const [least, most] = (["at least", "at most"] as const).map(
          (r) => decide(claim(r, bound), list).outcome,
        );
        if (least === "confirmed")
          expect(most === "confirmed" && sampleOf(list).deviation! > 1e-12).toBe(false);
        if (least === "undecided") expect(most).toBe("undecided");
      }),
    );
  });
});
