import Schema from "typebox/schema";
import { describe, expect, it } from "vitest";
import { normNames } from "../../src/nn/index.js";
import { batchNormLayout, standardize } from "../../src/theory/index.js";
import { type LossMaker, VerifyReport, verify } from "../../src/verify/index.js";
import { singularValues } from "../../src/verify/jacobian.js";
import { normals } from "../support/tensors.js";

describe("verify", () => {
  it.each([0, 1, 2, 4294967295])("All checks hold for seed %d", async (seed) => {
    const report = await verify({ trials: 12, seed });
    expect(report.checks.filter(({ pass }) => !pass)).toEqual([]);
    expect(report.pass).toBe(true);
    expect(report.checks.every(({ trials }) => trials > 0)).toBe(true);
    expect(Schema.Check(VerifyReport, report)).toBe(true);
  });

  it("The same seed gives the same cases, and another seed gives others", async () => {
    const values = async (seed: number) =>
      (await verify({ trials: 3, seed })).checks.map(({ worst }) => worst);
    expect(await values(5)).toEqual(await values(5));
    expect(await values(5)).not.toEqual(await values(6));
  });

  it("A loss of the caller is expanded", async () => {
    const used: number[] = [];
    // Σ cosh z_d is no polynomial and has diagonal curvature everywhere.
    const cosh: LossMaker = (size) => ({
      value: (z) => z.reduce((sum, v) => sum + Math.cosh(v), 0),
      gradient: (z) => {
        used.push(size);
        return z.map(Math.sinh);
      },
      hessian: (z) =>
        Float64Array.from({ length: size * size }, (_, k) =>
          k % (size + 1) === 0 ? Math.cosh(z[k % size]) : 0,
        ),
    });
    const { checks } = await verify({ trials: 10, losses: { cosh } });
    expect(checks.find(({ id }) => id === "real-losses")!.pass).toBe(true);
    expect(used.length).toBeGreaterThan(0);
  });

  it("Every norm has a check", async () => {
    const { checks } = await verify({ trials: 1 });
    const kinds = checks
      .filter(({ id }) => id.startsWith("norm-"))
      .map(({ id }) => id.replace("norm-", "").replace(/:\d+$/, ":N"));
    expect(kinds.sort()).toEqual([...normNames].sort());
  });

  it("Theorems 1 and 2 hold to 1e-12 where the data are well conditioned", async () => {
    const { checks } = await verify({ trials: 12 });
    for (const id of ["theorem-1", "theorem-2"])
      expect(checks.find((check) => check.id === id)!.worst).toBeLessThan(1e-12);
  });
});

describe("Singular values", () => {
  it("An orthogonal projection off {1, y} has singular values 1 and 0", () => {
    const n = 9;
    const { y } = standardize(normals(n, 1), batchNormLayout([n, 1]));
    const matrix = Float64Array.from({ length: n * n }, (_, k) => {
      const [row, column] = [Math.floor(k / n), k % n];
      return (row === column ? 1 : 0) - (1 + y[row] * y[column]) / n;
    });
    const values = singularValues(matrix);
    for (const [k, value] of values.entries()) expect(value).toBeCloseTo(k < n - 2 ? 1 : 0, 14);
  });

  it("The singular values of a scaled rotation are its scales", () => {
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    const values = singularValues(Float64Array.of(5 * c, -1e-9 * s, 5 * s, 1e-9 * c));
    expect(values[0]).toBeCloseTo(5, 14);
    expect(values[1] / 1e-9).toBeCloseTo(1, 6);
  });
});
