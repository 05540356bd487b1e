import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BlockedSharesAccumulator,
  batchNormLayout,
  blockedShares,
  chanceLevel,
  groupSize,
  layerNormLayout,
  sharesOf,
  standardize,
  standardizeAdjoint,
  sumGroups,
} from "../../src/theory/index.js";
import { anyLayout, gather, normals } from "../support/tensors.js";

const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const meanOf = (a: number[]) => a.reduce((sum, x) => sum + x, 0) / a.length;

/** The shares of one group, straight from the formulas of docs/theory.md, section 6. */
function naive(y: number[], g: number[], centred: boolean) {
  const yc = centred ? y.map((v) => v - meanOf(y)) : y;
  const energy = dot(g, g);
  const first = centred ? g.length * meanOf(g) ** 2 : 0;
  const spread = dot(yc, yc);
  const diag = spread === 0 ? 0 : dot(g, yc) ** 2 / spread;
  return { energy, first, spread, diag, curvature: spread === 0 ? 0 : dot(g, yc) / spread };
}

describe("Blocked shares", () => {
  it("Blocked shares equal the formulas on gathered groups, for every layout, centred or not", () => {
    fc.assert(
      fc.property(anyLayout, fc.nat(), fc.boolean(), fc.boolean(), (c, seed, centred, narrow) => {
        const Float = narrow ? Float32Array : Float64Array;
        const y = Float.from(normals(c.size, seed));
        const g = Float.from(normals(c.size, seed + 1).map((v) => v + 0.3));
        const shares = blockedShares(y, g, c.layout, { centred });
        const ys = gather(y, c);
        const gs = gather(g, c);
        expect(shares.energy).toHaveLength(ys.length);
        for (const [group, values] of ys.entries()) {
          const expected = naive(values, gs[group], centred);
          const tolerance = 1e-13 * expected.energy;
          expect(Math.abs(shares.energy[group] - expected.energy)).toBeLessThanOrEqual(tolerance);
          expect(Math.abs(shares.first[group] - expected.first)).toBeLessThanOrEqual(tolerance);
          if (groupSize(c.layout) > 1) {
            // ⟨yc,yc⟩ is ⟨y,y⟩ minus its mean part. Cancellation there loses digits.
            const condition = dot(values, values) / expected.spread;
            expect(Math.abs(shares.diag[group] - expected.diag)).toBeLessThanOrEqual(
              10 * condition * tolerance,
            );
            const { curvature } = expected;
            expect(Math.abs(shares.curvature[group] - curvature)).toBeLessThanOrEqual(
              1e-12 * condition * (1 + Math.abs(curvature)) * (1 + 1 / expected.spread),
            );
          }
          expect(shares.gradient[group]).toBeCloseTo(meanOf(gs[group]), 12);
        }
      }),
    );
  });

  it("The result does not depend on how the tensor is cut into blocks", () => {
    fc.assert(
      fc.property(anyLayout, fc.nat(), fc.integer({ min: 1, max: 70 }), (c, seed, block) => {
        const y = normals(c.size, seed);
        const g = normals(c.size, seed + 1);
        const whole = blockedShares(y, g, c.layout);
        const accumulator = new BlockedSharesAccumulator(c.layout);
        for (let at = 0; at < c.size; at += block)
          accumulator.add(y.subarray(at, at + block), g.subarray(at, at + block));
        const pieces = accumulator.result();
        for (const key of ["energy", "first", "inner", "mean", "meanSquare"] as const)
          for (const [group, value] of whole[key].entries())
            expect(Math.abs(pieces[key][group] - value)).toBeLessThanOrEqual(1e-13 * (1 + Math.abs(value)));
      }),
    );
  });

  it("‖∂L/∂x‖²·(v+ε) is passed + ρ²·diag", () => {
    fc.assert(
      fc.property(anyLayout, fc.nat(), fc.constantFrom(0, 1e-5, 0.1), (c, seed, epsilon) => {
        fc.pre(groupSize(c.layout) > 2);
        const x = normals(c.size, seed).map((v) => 3 * v + 5);
        const g = normals(c.size, seed + 1);
        const standardized = standardize(x, c.layout, { epsilon });
        const shares = blockedShares(standardized.y, g, c.layout);
        const gradients = gather(standardizeAdjoint(g, standardized, c.layout), c);
        for (const [group, gradX] of gradients.entries()) {
          const through = dot(gradX, gradX) * standardized.sigma[group] ** 2;
          const predicted = shares.passed[group] + standardized.leak[group] ** 2 * shares.diag[group];
          expect(Math.abs(through - predicted)).toBeLessThanOrEqual(1e-9 * shares.energy[group]);
        }
      }),
    );
  });

  it("A shared gradient and a shared curvature are blocked completely", () => {
    const layout = batchNormLayout([16, 3, 5]);
    const { y } = standardize(normals(240, 1), layout);
    const perChannel = (e: number, values: number[]) => values[Math.floor(e / 5) % 3];
    const constant = Float64Array.from(y, (_, e) => perChannel(e, [1, -2, 0.5]));
    const linear = Float64Array.from(y, (v, e) => perChannel(e, [1, -2, 0.5]) * v);
    expect(sharesOf(blockedShares(y, constant, layout))).toMatchObject({ first: expect.closeTo(1, 13) });
    const shares = blockedShares(y, linear, layout);
    expect(sharesOf(shares)).toMatchObject({ diag: expect.closeTo(1, 13), blocked: expect.closeTo(1, 13) });
    expect([...shares.curvature]).toEqual([1, -2, 0.5].map((h) => expect.closeTo(h, 12)));
  });

  it("Noise is blocked at the chance level: 2/n, and 1/n where nothing is centred", () => {
    const layout = batchNormLayout([20, 2000]);
    const { y } = standardize(normals(40_000, 3), layout);
    const noise = normals(40_000, 4);
    expect(sharesOf(blockedShares(y, noise, layout)).blocked).toBeCloseTo(chanceLevel(20), 2);
    const uncentred = sharesOf(blockedShares(y, noise, layout, { centred: false }));
    expect(uncentred.blocked).toBeCloseTo(0.05, 2);
    expect(uncentred.chance).toBe(0.05);
  });

  it("A channel without variance has diag 0 and is counted", () => {
    const y = Float32Array.from({ length: 12 }, (_, e) => (e % 3 === 1 ? 0.1 : e));
    const g = Float32Array.from(normals(12, 5));
    const shares = blockedShares(y, g, batchNormLayout([4, 3]));
    expect(shares.constantGroups).toBe(1);
    expect(shares.diag[1]).toBe(0);
    expect(shares.curvature[1]).toBe(0);
    expect(shares.diag[0]).toBeGreaterThan(0);
    expect(blockedShares(new Float32Array(12), g, batchNormLayout([4, 3])).constantGroups).toBe(3);
  });

  it("A gradient scale is undone: energies are divided by its square", () => {
    const [y, g] = [normals(60, 1), normals(60, 2)];
    const scaled = blockedShares(
      y,
      g.map((v) => v * 1024),
      batchNormLayout([5, 3, 4]),
      { gradientScale: 1024 },
    );
    expect(scaled).toEqual(blockedShares(y, g, batchNormLayout([5, 3, 4])));
  });

  it("The shares of a zero gradient are 0, not NaN", () => {
    const shares = blockedShares(normals(12, 1), new Float64Array(12), batchNormLayout([4, 3]));
    expect(sharesOf(shares)).toEqual({ blocked: 0, first: 0, diag: 0, chance: 0.5 });
  });

  it.each([
    { title: "[N, C, S]", shape: [4, 3, 50] },
    { title: "[N, C]", shape: [40, 3] },
  ])("NaN and infinite elements of $title are left out and counted", ({ shape }) => {
    const layout = batchNormLayout(shape);
    const size = shape.reduce((a, b) => a * b);
    const y = normals(size, 1);
    const g = normals(size, 2);
    const inner = shape[2] ?? 1;
    const channel = (e: number) => Math.floor(e / inner) % 3;
    const bad = [0, 7, 31];
    y[bad[0]] = Number.NaN;
    g[bad[1]] = Number.POSITIVE_INFINITY;
    g[bad[2]] = Number.NaN;
    const shares = blockedShares(y, g, layout);
    expect(shares.nonFinite).toBe(3);
    for (const c of [0, 1, 2]) {
      const kept = [...y.keys()].filter((e) => channel(e) === c && !bad.includes(e));
      const expected = naive(
        kept.map((e) => y[e]),
        kept.map((e) => g[e]),
        true,
      );
      expect(shares.energy[c]).toBeCloseTo(expected.energy, 10);
      expect(shares.first[c]).toBeCloseTo(expected.first, 10);
      expect(shares.diag[c]).toBeCloseTo(expected.diag, 10);
    }
  });

  it.each([
    { title: "[N, C, S]", shape: [1, 2, 1536] },
    { title: "[N, C]", shape: [1536, 2] },
  ])("A small part between large parts of opposite sign is kept, in $title", ({ shape }) => {
    // Each channel has 512 times 1e16, 512 times 1 and 512 times -1e16. A plain float64 sum loses
    // the ones.
    const inner = shape[2] ?? 1;
    const g = Float64Array.from({ length: 3072 }, (_, e) => {
      const element = inner === 1 ? Math.floor(e / 2) : e % inner;
      return [1e16, 1, -1e16][Math.floor(element / 512)];
    });
    const y = Float64Array.from(g, (_, e) => Math.sin(e));
    expect([...blockedShares(y, g, batchNormLayout(shape)).gradient]).toEqual([512 / 1536, 512 / 1536]);
  });

  it("Blocks of different lengths, missing elements and extra elements are refused", () => {
    const accumulator = new BlockedSharesAccumulator(batchNormLayout([4, 3]));
    expect(() => accumulator.add(new Float32Array(3), new Float32Array(4))).toThrow(RangeError);
    accumulator.add(new Float32Array(5), new Float32Array(5));
    expect(() => accumulator.result()).toThrow(/12 elements, got 5/);
    expect(() => accumulator.add(new Float32Array(8), new Float32Array(8))).toThrow(/12 elements, got 13/);
  });
});

describe("Lists that a report shows", () => {
  it("Lists by channel or group sum over samples; lists by sample sum over the groups of a sample", () => {
    const perGroup = Float64Array.of(1, 2, 3, 10, 20, 30);
    expect([...sumGroups(perGroup, { by: "channel", count: 3 })]).toEqual([11, 22, 33]);
    expect([...sumGroups(perGroup, { by: "sample", count: 2 })]).toEqual([6, 60]);
    expect([...sumGroups(perGroup, { by: "channel", count: 6 })]).toEqual([...perGroup]);
    expect(() => sumGroups(perGroup, { by: "group", count: 4 })).toThrow(RangeError);
  });

  it("Sums per sample keep the total", () => {
    const layout = layerNormLayout([4, 5, 6], 2);
    const shares = blockedShares(normals(120, 1), normals(120, 2), layout);
    const perSample = sumGroups(shares.energy, { by: "sample", count: 4 });
    expect(perSample.reduce((a, b) => a + b)).toBeCloseTo(shares.total.energy, 10);
  });
});
