import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchNormLayout, groupSize, standardize, standardizeAdjoint } from "../../src/theory/index.js";
import { anyLayout, gather, normals } from "../support/tensors.js";

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("The standardization", () => {
  it("y and the statistics equal the formulas on gathered groups", () => {
    fc.assert(
      fc.property(
        anyLayout,
        fc.nat(),
        fc.constantFrom(1e-5, 0.1),
        fc.boolean(),
        (c, seed, epsilon, centred) => {
          const x = normals(c.size, seed).map((v) => 2 * v - 7);
          const result = standardize(x, c.layout, { epsilon, centred });
          const ys = gather(result.y, c);
          for (const [group, values] of gather(x, c).entries()) {
            const mu = centred ? mean(values) : 0;
            const v = mean(values.map((value) => (value - mu) ** 2));
            expect(result.mean[group]).toBeCloseTo(mu, 12);
            expect(result.variance[group]).toBeCloseTo(v, 10);
            expect(result.sigma[group]).toBeCloseTo(Math.sqrt(v + epsilon), 10);
            for (const [i, value] of values.entries())
              expect(ys[group][i]).toBeCloseTo((value - mu) / Math.sqrt(v + epsilon), 9);
            expect(mean(ys[group].map((y) => y ** 2))).toBeCloseTo(1 - result.leak[group], 10);
          }
        },
      ),
    );
  });

  it.each([0, 1e-5])("A channel of equal values becomes 0 (ε = %d)", (epsilon) => {
    // In float64, the plain sum of ten times 0.1, divided by ten, is not 0.1.
    const x = Float64Array.from({ length: 20 }, (_, e) => (e % 2 === 0 ? 0.1 : e));
    const layout = batchNormLayout([10, 2]);
    const standardized = standardize(x, layout, { epsilon });
    expect([...standardized.y].filter((_, e) => e % 2 === 0)).toEqual(new Array(10).fill(0));
    expect(standardized.variance[0]).toBe(0);
    expect(standardized.leak[0]).toBe(epsilon === 0 ? 0 : 1);
    expect(standardizeAdjoint(normals(20, 1), standardized, layout).every(Number.isFinite)).toBe(true);
  });
});

describe("The adjoint of the standardization", () => {
  it("The adjoint agrees with finite differences", () => {
    fc.assert(
      fc.property(
        anyLayout,
        fc.nat(),
        fc.constantFrom(1e-5, 0.1),
        fc.boolean(),
        (c, seed, epsilon, centred) => {
          fc.pre(groupSize(c.layout) > 2);
          const x = normals(c.size, seed);
          const g = normals(c.size, seed + 1);
          const u = normals(c.size, seed + 2);
          const loss = (t: number) => {
            const { y } = standardize(
              x.map((v, i) => v + t * u[i]),
              c.layout,
              { epsilon, centred },
            );
            return y.reduce((sum, v, i) => sum + v * g[i], 0);
          };
          const gradient = standardizeAdjoint(g, standardize(x, c.layout, { epsilon, centred }), c.layout);
          const exact = gradient.reduce((sum, v, i) => sum + v * u[i], 0);
          // Richardson extrapolation. The step follows the smallest σ, since small variances make
          // the loss stiff.
          const { sigma } = standardize(x, c.layout, { epsilon, centred });
          const h = 1e-3 * Math.min(...sigma);
          const central = (step: number) => (loss(step) - loss(-step)) / (2 * step);
          const measured = (4 * central(h / 2) - central(h)) / 3;
          expect(Math.abs(measured - exact)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(exact)));
        },
      ),
    );
  });

  it("A constant is blocked exactly, and a multiple of y up to ρ", () => {
    const layout = batchNormLayout([8, 2, 3]);
    const standardized = standardize(normals(48, 1), layout, { epsilon: 0.1 });
    const ones = new Float64Array(48).fill(1);
    expect(Math.max(...standardizeAdjoint(ones, standardized, layout).map(Math.abs))).toBeLessThan(1e-14);
    const along = standardizeAdjoint(standardized.y, standardized, layout);
    for (const [e, value] of along.entries()) {
      const channel = Math.floor(e / 3) % 2;
      const { leak, sigma, y } = standardized;
      expect(value).toBeCloseTo((leak[channel] * y[e]) / sigma[channel], 14);
    }
  });
});
