import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addressesOf,
  affine,
  affineAdjoint,
  batchNormLayout,
  type Expansion,
  splitShared,
  standardize,
  standardizeAdjoint,
  taylorTerms,
} from "../../src/theory/index.js";

/** Numbers of moderate size. fast-check also chooses equal and tiny numbers. */
const numbers = (length: number) =>
  fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: length, maxLength: length });

const anyBatchNorm = fc
  .record({
    batch: fc.integer({ min: 2, max: 6 }),
    channels: fc.integer({ min: 1, max: 3 }),
    positions: fc.integer({ min: 1, max: 3 }),
  })
  .chain(({ batch, channels, positions }) =>
    fc.record({
      shape: fc.constant([batch, channels, positions]),
      x: numbers(batch * channels * positions),
      gamma: numbers(channels),
      beta: numbers(channels),
      point: numbers(channels),
      gradient: numbers(channels),
      hessian: numbers(channels * channels),
    }),
  )
  .map(({ shape, x, gamma, beta, ...expansion }) => ({
    layout: batchNormLayout(shape),
    x: Float64Array.from(x),
    gamma: Float64Array.from(gamma),
    beta: Float64Array.from(beta),
    expansion: {
      point: Float64Array.from(expansion.point),
      value: 0,
      gradient: Float64Array.from(expansion.gradient),
      hessian: Float64Array.from(expansion.hessian),
    } satisfies Expansion,
  }));

/**
 * Pulls the gradient of a term back to x. Returns the largest |∂L/∂x|·σ relative to a bound on |G|.
 */
function worstBlocked(
  { layout, x, gamma, beta, expansion }: typeof anyBatchNorm extends fc.Arbitrary<infer T> ? T : never,
  term: "first" | "diagonal",
  epsilon: number,
): number {
  const standardized = standardize(x, layout, { epsilon });
  const z = affine(standardized.y, gamma, beta, layout);
  const g = affineAdjoint(taylorTerms(z, layout, expansion)[term].gradient, gamma, layout);
  const blocked = standardizeAdjoint(g, standardized, layout);
  const { starts, offsets } = addressesOf(layout);
  let worst = 0;
  for (const [d, start] of starts.entries()) {
    const sigma = standardized.sigma[d];
    const kappa = sigma === 0 ? 1 : 1 + Math.abs(standardized.mean[d]) / sigma;
    const h = Math.abs(expansion.hessian[d * starts.length + d]);
    const summands = 3 * Math.abs(gamma[d]) + Math.abs(beta[d]) + Math.abs(expansion.point[d]);
    const size = Math.abs(gamma[d]) * (term === "first" ? Math.abs(expansion.gradient[d]) : h * summands);
    // Products that are subnormal keep no digits.
    if (size < 1e-250) continue;
    for (const offset of offsets)
      worst = Math.max(worst, (Math.abs(blocked[start + offset]) * sigma) / (size * kappa));
  }
  return worst;
}

/** Whether no variance underflows. Underflow is a limit of float64, not of the theorems. */
const representable = ({ x, layout }: { x: Float64Array; layout: ReturnType<typeof batchNormLayout> }) =>
  standardize(x, layout).variance.every((v) => v === 0 || v > 1e-280);

describe("For any numbers", () => {
  it("Theorem 1: nothing of ∂L_grad reaches x, at any ε", () => {
    fc.assert(
      fc.property(anyBatchNorm, fc.constantFrom(0, 1e-5, 1), (c, epsilon) => {
        fc.pre(representable(c));
        expect(worstBlocked(c, "first", epsilon)).toBeLessThan(1e-13);
      }),
      { numRuns: 500 },
    );
  });

  it("Theorem 2: nothing of ∂L_diag reaches x at ε = 0", () => {
    fc.assert(
      fc.property(anyBatchNorm, (c) => {
        fc.pre(representable(c));
        expect(worstBlocked(c, "diagonal", 0)).toBeLessThan(1e-13);
      }),
      { numRuns: 500 },
    );
  });

  it("Corollary: without the shared g and the shared diagonal of H, the gradient at x is the same", () => {
    fc.assert(
      fc.property(anyBatchNorm, fc.nat(), (c, seed) => {
        fc.pre(representable(c));
        const { layout, x, gamma, beta, expansion } = c;
        const standardized = standardize(x, layout);
        const z = affine(standardized.y, gamma, beta, layout);
        const { offsets, starts } = addressesOf(layout);
        const own = Array.from(offsets, (_, i) => ({
          ...expansion,
          gradient: expansion.gradient.map((v) => v * Math.sin(seed + i)),
          hessian: expansion.hessian.map((v) => v * Math.cos(seed + i)),
        }));
        const { differences } = splitShared(own);
        const arriving = (expansions: Expansion[]) => {
          const { first, diagonal } = taylorTerms(z, layout, expansions);
          const sum = first.gradient.map((v, e) => v + diagonal.gradient[e]);
          return standardizeAdjoint(affineAdjoint(sum, gamma, layout), standardized, layout);
        };
        const [whole, rest] = [arriving(own), arriving(differences)];
        for (const [d, start] of starts.entries()) {
          const sigma = standardized.sigma[d];
          const kappa = sigma === 0 ? 1 : 1 + Math.abs(standardized.mean[d]) / sigma;
          const h = Math.abs(expansion.hessian[d * starts.length + d]);
          const reach = 3 * Math.abs(gamma[d]) + Math.abs(beta[d]) + Math.abs(expansion.point[d]);
          const size = Math.abs(gamma[d]) * (Math.abs(expansion.gradient[d]) + h * reach);
          for (const offset of offsets) {
            const off = Math.abs(whole[start + offset] - rest[start + offset]) * sigma;
            expect(off).toBeLessThanOrEqual(1e-13 * size * kappa + 1e-250);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
