import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.js";
import {
  addressesOf,
  affine,
  affineAdjoint,
  affineGradients,
  batchNormLayout,
  diagonalLeak,
  type Expansion,
  expand,
  offDiagonalPassed,
  remainder,
  type SampleLoss,
  splitShared,
  standardize,
  standardizeAdjoint,
  taylorTerms,
} from "../../src/theory/index.js";
import { losses } from "../../src/verify/losses.js";
import { normals } from "../support/tensors.js";

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, v, i) => sum + v * b[i], 0);
const far = (a: Float64Array, b: Float64Array) => Math.max(...a.map((v, i) => Math.abs(v - b[i])));

/** df(x + t·u)/dt at t = 0, by central differences with one extrapolation. */
function slope(f: (x: Float64Array) => number, x: Float64Array, u: Float64Array, h = 1e-3): number {
  const at = (t: number) => f(x.map((v, i) => v + t * u[i]));
  const central = (step: number) => (at(step) - at(-step)) / (2 * step);
  return (4 * central(h / 2) - central(h)) / 3;
}

/** A loss and features [N, D, P]. */
const anyCase = fc
  .record({
    name: fc.constantFrom(...Object.keys(losses)),
    batch: fc.integer({ min: 1, max: 5 }),
    channels: fc.integer({ min: 1, max: 4 }),
    positions: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat(),
  })
  .map(({ name, batch, channels, positions, seed }) => {
    const shape = [batch, channels, positions];
    return {
      loss: losses[name](channels, new Random(seed)),
      layout: batchNormLayout(shape),
      channels,
      seed,
      z: normals(batch * channels * positions, seed),
      point: normals(channels, seed + 1),
    };
  });

describe.each(Object.keys(losses))("The loss %s", (name) => {
  it("The gradient and the Hessian are derivatives of the value", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(), (size, seed) => {
        const loss: SampleLoss = losses[name](size, new Random(seed));
        const [z, u, w] = [normals(size, seed), normals(size, seed + 1), normals(size, seed + 2)];
        const hessian = loss.hessian(z);
        const hu = Float64Array.from(z, (_, d) => dot(hessian.subarray(d * size, (d + 1) * size), u));
        const scale = 1 + Math.abs(dot(hu, w)) + Math.abs(loss.value(z));
        expect(Math.abs(slope((v) => loss.value(v), z, u) - dot(loss.gradient(z), u))).toBeLessThan(
          1e-7 * scale,
        );
        expect(Math.abs(slope((v) => dot(loss.gradient(v), w), z, u) - dot(hu, w))).toBeLessThan(
          1e-7 * scale,
        );
      }),
      { numRuns: 30 },
    );
  });
});

describe("The Taylor terms", () => {
  it("The gradient of each term is the derivative of its value", () => {
    fc.assert(
      fc.property(anyCase, ({ loss, layout, z, point, seed }) => {
        const expansion = expand(loss, point);
        const u = normals(z.length, seed + 2);
        for (const term of ["first", "diagonal", "offDiagonal"] as const) {
          const { value, gradient } = taylorTerms(z, layout, expansion)[term];
          const measured = slope((v) => taylorTerms(v, layout, expansion)[term].value, z, u);
          expect(Math.abs(measured - dot(gradient, u))).toBeLessThan(1e-8 * (1 + Math.abs(value)));
        }
      }),
    );
  });

  it("The terms and the remainder sum to the loss and its gradient", () => {
    fc.assert(
      fc.property(anyCase, ({ loss, layout, z, point, channels }) => {
        const { starts, offsets } = addressesOf(layout);
        const { first, diagonal, offDiagonal } = taylorTerms(z, layout, expand(loss, point));
        const rest = remainder(loss, z, layout, point);
        let total = 0;
        for (const offset of offsets) {
          const sample = Float64Array.from(starts, (start) => z[start + offset]);
          total += loss.value(sample);
          const gradient = loss.gradient(sample);
          for (let d = 0; d < channels; d++) {
            const e = starts[d] + offset;
            const sum = first.gradient[e] + diagonal.gradient[e] + offDiagonal.gradient[e] + rest.gradient[e];
            expect(sum).toBeCloseTo(gradient[d], 11);
          }
        }
        const sum = first.value + diagonal.value + offDiagonal.value + rest.value;
        expect(sum + offsets.length * loss.value(point)).toBeCloseTo(total, 9);
      }),
    );
  });

  it("The remainder is of third order", () => {
    const size = 3;
    const loss = losses["heavy-tailed"](size, new Random(1));
    const point = normals(size, 1);
    const u = normals(size, 2);
    const layout = batchNormLayout([1, size]);
    const at = (t: number) =>
      remainder(
        loss,
        point.map((v, d) => v + t * u[d]),
        layout,
        point,
      ).value;
    // Half the distance gives an eighth of the remainder.
    expect(at(1e-2) / at(5e-3)).toBeCloseTo(8, 0);
  });

  it("One expansion for all samples gives the same terms as one per sample, in batches of any size", () => {
    const [batch, channels] = [300, 2];
    const layout = batchNormLayout([batch, channels, 2]);
    const z = normals(2 * batch * channels, 5);
    const expansion = expand(losses.quadratic(channels, new Random(3)), normals(channels, 6));
    const shared = taylorTerms(z, layout, expansion);
    const each = taylorTerms(z, layout, new Array<Expansion>(2 * batch).fill(expansion));
    for (const term of ["first", "diagonal", "offDiagonal"] as const) {
      expect(each[term].gradient).toEqual(shared[term].gradient);
      expect(each[term].value).toBeCloseTo(shared[term].value, 8);
    }
  });
});

describe("The split of expansions", () => {
  it("Expansions are means plus differences, and the differences sum to 0", () => {
    const expansions = Array.from({ length: 7 }, (_, i) => ({
      point: normals(3, 1),
      value: i,
      gradient: normals(3, i),
      hessian: normals(9, i + 10),
    }));
    const { shared, differences } = splitShared(expansions);
    expect(shared.value).toBeCloseTo(3, 12);
    for (const part of ["gradient", "hessian"] as const)
      for (let k = 0; k < shared[part].length; k++) {
        expect(differences.reduce((sum, d) => sum + d[part][k], 0)).toBeCloseTo(0, 12);
        expect(shared[part][k] + differences[4][part][k]).toBeCloseTo(expansions[4][part][k], 12);
      }
  });
});

describe("The affine phase", () => {
  it("The adjoint and the gradients of γ and β are derivatives of z = γ·y + β", () => {
    const layout = batchNormLayout([4, 3, 2]);
    const [y, gamma, beta] = [normals(24, 1), normals(3, 2), normals(3, 3)];
    const cotangent = normals(24, 4);
    const loss = (y: Float64Array, gamma: Float64Array, beta: Float64Array) =>
      dot(affine(y, gamma, beta, layout), cotangent);
    const [dy, dc] = [normals(24, 5), normals(3, 6)];
    const gradients = affineGradients(cotangent, y, layout);
    expect(slope((v) => loss(v, gamma, beta), y, dy)).toBeCloseTo(
      dot(affineAdjoint(cotangent, gamma, layout), dy),
      9,
    );
    expect(slope((v) => loss(y, v, beta), gamma, dc)).toBeCloseTo(dot(gradients.gamma, dc), 9);
    expect(slope((v) => loss(y, gamma, v), beta, dc)).toBeCloseTo(dot(gradients.beta, dc), 9);
  });
});

describe("The terms that pass", () => {
  it("The leak and the off-diagonal form are derivatives of their terms with respect to x", () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(1e-3, 0.5), (seed, epsilon) => {
        const [shape, channels] = [[6, 3, 2], 3];
        const layout = batchNormLayout(shape);
        const [x, u] = [normals(36, seed), normals(36, seed + 1)];
        const [gamma, beta, point] = [2, 3, 4].map((k) => normals(channels, seed + k));
        const expansion = expand(losses.quadratic(channels, new Random(seed)), point);
        const value = (term: "diagonal" | "offDiagonal") => (x: Float64Array) => {
          const z = affine(standardize(x, layout, { epsilon }).y, gamma, beta, layout);
          return taylorTerms(z, layout, expansion)[term].value;
        };
        const standardized = standardize(x, layout, { epsilon });
        const leak = diagonalLeak(expansion.hessian, gamma, standardized, layout);
        const passed = offDiagonalPassed(expansion.hessian, gamma, standardized, layout);
        const tolerance = (v: number) => 1e-6 * (1 + Math.abs(v));
        const [measuredLeak, measuredPassed] = [
          slope(value("diagonal"), x, u),
          slope(value("offDiagonal"), x, u),
        ];
        expect(Math.abs(measuredLeak - dot(leak, u))).toBeLessThan(tolerance(measuredLeak) * 10);
        expect(Math.abs(measuredPassed - dot(passed, u))).toBeLessThan(tolerance(measuredPassed) * 10);
      }),
      { numRuns: 40 },
    );
  });

  it("Nothing of L_grad reaches x, and at ε = 0 nothing of L_diag", () => {
    const layout = batchNormLayout([16, 3]);
    const x = normals(48, 1);
    const [gamma, beta, point] = [2, 3, 4].map((k) => normals(3, k));
    const standardized = standardize(x, layout);
    const z = affine(standardized.y, gamma, beta, layout);
    const terms = taylorTerms(z, layout, expand(losses["heavy-tailed"](3, new Random(0)), point));
    for (const term of ["first", "diagonal"] as const) {
      const g = affineAdjoint(terms[term].gradient, gamma, layout);
      expect(far(standardizeAdjoint(g, standardized, layout), new Float64Array(48))).toBeLessThan(1e-14);
    }
  });
});
