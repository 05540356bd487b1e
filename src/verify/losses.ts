import type { Random } from "../base/random.js";
import type { SampleLoss } from "../theory/index.js";

/**
 * Makes the loss of one sample with D features. Random parameters of the loss are drawn once, so
 * all samples share the formula.
 */
export type LossMaker = (size: number, random: Random) => SampleLoss;

const vector = (size: number, value: (d: number) => number): Float64Array =>
  Float64Array.from({ length: size }, (_, d) => value(d));

const matrix = (size: number, value: (d: number, e: number) => number): Float64Array =>
  Float64Array.from({ length: size * size }, (_, k) => value(Math.floor(k / size), k % size));

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, d) => sum + v * b[d], 0);

/**
 * Cross-entropy of a softmax over the features, with one label: the loss of a batch of one class.
 */
const crossEntropy: LossMaker = (size, random) => {
  const label = random.below(size);
  const softmax = (z: Float64Array) => {
    const top = z.reduce((a, b) => Math.max(a, b));
    const e = z.map((v) => Math.exp(v - top));
    const total = e.reduce((a, b) => a + b);
    return { p: e.map((v) => v / total), logSum: top + Math.log(total) };
  };
  return {
    value: (z) => softmax(z).logSum - z[label],
    gradient: (z) => softmax(z).p.map((p, d) => p - (d === label ? 1 : 0)),
    hessian: (z) => {
      const { p } = softmax(z);
      return matrix(size, (d, e) => (d === e ? p[d] : 0) - p[d] * p[e]);
    },
  };
};

/** ½(z−t)ᵀA(z−t): regression of all samples to one target. A couples the features. */
const quadratic: LossMaker = (size, random) => {
  const target = vector(size, () => random.normal());
  const half = matrix(size, () => random.normal());
  const a = matrix(size, (d, e) => half[d * size + e] + half[e * size + d]);
  const gradient = (z: Float64Array) =>
    vector(size, (d) =>
      dot(
        a.subarray(d * size, (d + 1) * size),
        z.map((v, e) => v - target[e]),
      ),
    );
  return {
    value: (z) =>
      0.5 *
      dot(
        gradient(z),
        z.map((v, e) => v - target[e]),
      ),
    gradient,
    hessian: () => a,
  };
};

/** log(1 + ‖z‖²): a heavy-tailed (Student's) negative log-likelihood, with terms of every order. */
const heavyTailed: LossMaker = (size) => ({
  value: (z) => Math.log1p(dot(z, z)),
  gradient: (z) => z.map((v) => (2 * v) / (1 + dot(z, z))),
  hessian: (z) => {
    const s = 1 + dot(z, z);
    return matrix(size, (d, e) => (d === e ? 2 / s : 0) - (4 * z[d] * z[e]) / s ** 2);
  },
});

/** Σ_d softplus(w_d·z_d): one logistic loss per feature. H is diagonal. */
const logistic: LossMaker = (size, random) => {
  const w = vector(size, () => random.normal());
  const sigmoid = (t: number) => 1 / (1 + Math.exp(-t));
  return {
    value: (z) =>
      z.reduce((sum, v, d) => sum + Math.max(w[d] * v, 0) + Math.log1p(Math.exp(-Math.abs(w[d] * v))), 0),
    gradient: (z) => z.map((v, d) => w[d] * sigmoid(w[d] * v)),
    hessian: (z) =>
      matrix(size, (d, e) => (d === e ? w[d] ** 2 * sigmoid(w[d] * z[d]) * sigmoid(-w[d] * z[d]) : 0)),
  };
};

/** sin(wᵀz): curvature of both signs. */
const sine: LossMaker = (size, random) => {
  const w = vector(size, () => random.normal() / Math.sqrt(size));
  return {
    value: (z) => Math.sin(dot(w, z)),
    gradient: (z) => w.map((v) => v * Math.cos(dot(w, z))),
    hessian: (z) => matrix(size, (d, e) => -w[d] * w[e] * Math.sin(dot(w, z))),
  };
};

/** The losses that the check `real-losses` expands, by name. */
export const losses: Readonly<Record<string, LossMaker>> = {
  "cross-entropy": crossEntropy,
  quadratic,
  "heavy-tailed": heavyTailed,
  logistic,
  sine,
};
