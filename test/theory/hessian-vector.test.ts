import fc from "fast-check";
import { expect, it } from "vitest";
import {
  groupSize,
  standardize,
  standardizeAdjoint,
  standardizeHessianVector,
} from "../../src/theory/index.js";
import { anyLayout, normals } from "../support/tensors.js";

it("The Hessian-vector product equals finite differences of the gradient, centred or not", () => {
  fc.assert(
    fc.property(
      anyLayout,
      fc.nat(),
      fc.constantFrom(1e-3, 0.1),
      fc.boolean(),
      (c, seed, epsilon, centred) => {
        fc.pre(groupSize(c.layout) > 2);
        const [x, u, w] = [0, 1, 2].map((k) => normals(c.size, seed + k));
        const options = { epsilon, centred };
        // L = Σ w∘y³/3 + (Σ y)²/2 has the gradient w∘y² + Σ y, which couples all groups and
        // elements.
        const total = (v: Float64Array) => v.reduce((a, b) => a + b, 0);
        const gradientY = (y: Float64Array) => y.map((v, i) => w[i] * v * v + total(y));
        const gradient = (x: Float64Array) => {
          const standardized = standardize(x, c.layout, options);
          return standardizeAdjoint(gradientY(standardized.y), standardized, c.layout);
        };
        const standardized = standardize(x, c.layout, options);
        const { y, sigma } = standardized;
        const curvature = (dy: Float64Array) => dy.map((v, i) => 2 * w[i] * y[i] * v + total(dy));
        const product = standardizeHessianVector(
          { direction: u, gradient: gradientY(y), curvature },
          standardized,
          c.layout,
        );

        const h = 1e-3 * Math.min(...sigma);
        const at = (t: number) => gradient(x.map((v, i) => v + t * u[i]));
        const central = (step: number) => {
          const [plus, minus] = [at(step), at(-step)];
          return plus.map((v, i) => (v - minus[i]) / (2 * step));
        };
        const [fine, coarse] = [central(h / 2), central(h)];
        const measured = fine.map((v, i) => (4 * v - coarse[i]) / 3);
        const scale = Math.max(...measured.map(Math.abs));
        for (const [i, value] of product.entries())
          expect(Math.abs(value - measured[i])).toBeLessThan(1e-6 * (1 + scale));
      },
    ),
  );
});
