import { describe, expect, it } from "vitest";
import { Random } from "../../src/datasets/index.js";
import { type Features, scatterRatio, silhouette } from "../../src/experiments/features/geometry.js";
import { linearProbe } from "../../src/experiments/features/linear-probe.js";
import { principalPlane } from "../../src/experiments/features/principal-plane.js";
import { tsnePlane } from "../../src/experiments/features/tsne.js";

const featuresOf = (rows: number[][]): Features => ({
  width: rows[0].length,
  data: Float32Array.from(rows.flat()),
});

/** Draws `perClass` samples around each of three centres in five dimensions. */
function blobs(perClass: number, spread: number, seed: number) {
  const random = new Random(seed);
  const labels = Array.from({ length: 3 * perClass }, (_, i) => i % 3);
  const rows = labels.map((label) =>
    Array.from({ length: 5 }, (_, d) => (d === label ? 1 : 0) + spread * random.normal()),
  );
  return { labels, features: featuresOf(rows) };
}

describe("between/within scatter", () => {
  it("Two pairs on a line have the ratio 2·(1² + 1²)/(4·½²) = 4", () => {
    expect(scatterRatio(featuresOf([[-1.5], [-0.5], [0.5], [1.5]]), [0, 0, 1, 1])).toBeCloseTo(4, 10);
  });
  it("The ratio ignores shift and common scale, and is 0 for classes with one mean", () => {
    const { features, labels } = blobs(20, 0.5, 1);
    const moved = { ...features, data: features.data.map((v) => 8 * v + 16) };
    expect(scatterRatio(moved, labels)).toBeCloseTo(scatterRatio(features, labels), 4);
    expect(scatterRatio(featuresOf([[1], [-1], [2], [-2]]), [0, 0, 1, 1])).toBe(0);
  });
});

describe("silhouette", () => {
  it("Two pairs on a line have the silhouette computed by hand", () => {
    // a = 1 for all points; b = 10.5 for the outer points and 9.5 for the inner points.
    const value = silhouette(featuresOf([[0], [1], [10], [11]]), [0, 0, 1, 1]);
    expect(value).toBeCloseTo((1 - 1 / 10.5 + (1 - 1 / 9.5)) / 2, 10);
  });
  it("The nearest other class counts, and a sample alone in its class counts as 0", () => {
    const value = silhouette(featuresOf([[0], [1], [4], [100]]), [0, 0, 1, 2]);
    expect(value).toBeCloseTo((1 - 1 / 4 + (1 - 1 / 3)) / 4, 10);
  });
  it("Random labels have a silhouette near 0, and wrong labels lower it", () => {
    const { features, labels } = blobs(60, 0.05, 2);
    const random = new Random(9);
    expect(silhouette(features, labels)).toBeGreaterThan(0.8);
    expect(
      Math.abs(
        silhouette(
          features,
          labels.map(() => random.below(3)),
        ),
      ),
    ).toBeLessThan(0.1);
    expect(
      silhouette(
        features,
        labels.map((l, i) => (i < 30 ? (l + 1) % 3 : l)),
      ),
    ).toBeLessThan(0.8);
  });
});

describe("linear probe", () => {
  it("Separable classes are told apart, whatever the scale and shift of each feature", async () => {
    const [train, test] = [blobs(40, 0.1, 3), blobs(40, 0.1, 4)];
    expect(await linearProbe({ train, test, classes: 3 })).toBe(1);
    const distort = ({ data, width }: Features): Features => ({
      width,
      data: data.map((v, i) => v * 10 ** ((i % width) - 2) + (i % width)),
    });
    const moved = await linearProbe({
      train: { ...train, features: distort(train.features) },
      test: { ...test, features: distort(test.features) },
      classes: 3,
    });
    expect(moved).toBe(1);
  });
  it("Noise and constant features give an accuracy near chance", async () => {
    const [train, test] = [blobs(100, 0.1, 5), blobs(100, 0.1, 6)];
    const random = new Random(1);
    const noise = (f: Features): Features => ({
      ...f,
      data: f.data.map((_, i) => (i % 5 === 4 ? 7 : random.normal())),
    });
    const accuracy = await linearProbe({
      train: { ...train, features: noise(train.features) },
      test: { ...test, features: noise(test.features) },
      classes: 3,
    });
    expect(accuracy).toBeGreaterThan(0.2);
    expect(accuracy).toBeLessThan(0.47);
  });
});

describe("t-SNE plane", () => {
  it("Clusters stay together and apart from each other, and equal features give equal planes", async () => {
    const { features, labels } = blobs(40, 0.1, 3);
    const points = await tsnePlane(features);
    expect(await tsnePlane(features)).toEqual(points);
    const plane = featuresOf(points);
    expect(silhouette(plane, labels)).toBeGreaterThan(0.7);
    const spread = (axis: number) => points.reduce((sum, p) => sum + p[axis] ** 2, 0) / points.length;
    expect(Math.max(spread(0), spread(1))).toBeCloseTo(1, 1);
  });
  it("Samples that are all equal have finite places", async () => {
    const points = await tsnePlane(featuresOf(Array.from({ length: 30 }, () => [1, 1])));
    expect(points.flat().every(Number.isFinite)).toBe(true);
  });
});

describe("principal plane", () => {
  it("The axes are the two widest directions, uncorrelated, the wider first", () => {
    const random = new Random(7);
    const rows = Array.from({ length: 400 }, () => {
      const [a, b] = [3 * random.normal(), random.normal()];
      return [0.6 * a - 0.8 * b + 5, 0.8 * a + 0.6 * b, 0.01 * random.normal()];
    });
    const points = principalPlane(featuresOf(rows));
    const moment = (f: (p: [number, number]) => number) =>
      points.reduce((t, p) => t + f(p), 0) / points.length;
    expect(moment(([x]) => x)).toBeCloseTo(0, 6);
    expect(moment(([x]) => x * x)).toBeCloseTo(1, 6);
    expect(Math.sqrt(moment(([, y]) => y * y))).toBeCloseTo(1 / 3, 1);
    expect(moment(([x, y]) => x * y)).toBeCloseTo(0, 4);
  });
});
