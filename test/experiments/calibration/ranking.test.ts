import { describe, expect, test } from "vitest";
import {
  areaUnderCurve,
  bootstrapped,
  rankCorrelation,
} from "../../../src/experiments/calibration/ranking.js";

const points = (foretold: readonly number[], cost: readonly number[]) =>
  foretold.map((value, i) => ({ foretold: value, cost: cost[i] }));

describe("Spearman's rank correlation", () => {
  test("It is 1 for any increasing relation and -1 for a decreasing one", () => {
    expect(rankCorrelation(points([1, 2, 3, 4], [1, 8, 27, 64]))).toBeCloseTo(1, 12);
    expect(rankCorrelation(points([1, 2, 3, 4], [0, -1, -10, -11]))).toBeCloseTo(-1, 12);
  });

  test("Ties share the mean of their ranks, as in SciPy", () => {
    // scipy.stats.spearmanr([1, 2, 2, 3, 5], [2, 1, 4, 4, 5]).statistic
    expect(rankCorrelation(points([1, 2, 2, 3, 5], [2, 1, 4, 4, 5]))).toBeCloseTo(0.7631578947368421, 12);
  });

  test("It does not exist where one side does not vary", () => {
    expect(rankCorrelation(points([1, 1, 1], [1, 2, 3]))).toBeNull();
  });
});

describe("The area under the curve", () => {
  const cases = [
    ...[0.1, 0.2, 0.6].map((foretold) => ({ foretold, costly: false })),
    ...[0.5, 0.9].map((foretold) => ({ foretold, costly: true })),
  ];

  test("It is the share of pairs in which the costly case has the larger number", () => {
    expect(areaUnderCurve(cases)).toBeCloseTo(5 / 6, 12);
    expect(areaUnderCurve(cases.slice(0, 3))).toBeNull();
  });

  test("Its bootstrap interval holds it and is the same every time", () => {
    const { value, interval } = bootstrapped(cases, areaUnderCurve) ?? { value: 0, interval: [1, 0] };
    expect(interval[0]).toBeLessThan(value);
    expect(interval[1]).toBe(1);
    expect(bootstrapped(cases, areaUnderCurve)).toEqual({ value, interval });
  });
});
