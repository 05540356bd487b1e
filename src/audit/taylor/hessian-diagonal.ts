import type { Random } from "../../base/random.js";
import type { FloatArray } from "../../theory/index.js";

/** Computes H·direction. The Hessian is never formed. */
export type HessianProduct = (direction: Float64Array) => Promise<FloatArray>;

/** Replaces every element by the mean over its set of sharing elements. */
export type Share = (values: FloatArray) => Float64Array;

/** diag(H), exact or estimated. */
export interface HessianDiagonal {
  readonly diagonal: Float64Array;
  /** diag(H) with every element replaced by the mean over its set of sharing elements. */
  readonly shared: Float64Array;
  /** Standard error of each element; null where the diagonal is exact. */
  readonly error: { readonly diagonal: Float64Array; readonly shared: Float64Array } | null;
}

/**
 * Computes diag(H) exactly for a block-diagonal H with one block of `features` × `features` for
 * each sample. Takes one product for each feature: the direction is 1 at that feature of all
 * samples.
 */
export async function exactDiagonal(
  product: HessianProduct,
  samples: number,
  features: number,
  share: Share,
): Promise<HessianDiagonal> {
  const size = samples * features;
  const diagonal = new Float64Array(size);
  const direction = new Float64Array(size);
  for (let d = 0; d < features; d++) {
    for (let e = d; e < size; e += features) direction[e] = 1;
    const column = await product(direction);
    for (let e = d; e < size; e += features) {
      diagonal[e] = column[e];
      direction[e] = 0;
    }
  }
  return { diagonal, shared: share(diagonal), error: null };
}

/**
 * Estimates diag(H) without bias: the mean of v ∘ Hv over `probes` ≥ 2 vectors v of random signs.
 * Off-diagonal elements of H are the noise of the estimate. Source: Hutchinson 1990; for the
 * diagonal Bekas, Kokiopoulou and Saad 2007.
 */
export async function estimatedDiagonal(
  product: HessianProduct,
  size: number,
  share: Share,
  { probes, random }: { readonly probes: number; readonly random: Random },
): Promise<HessianDiagonal> {
  const diagonal = new RunningMean(size);
  // Errors within one probe are correlated, so the error of a shared mean has its own running mean.
  const shared = new RunningMean(size);
  for (let probe = 0; probe < probes; probe++) {
    const signs = Float64Array.from({ length: size }, () => (random.bits() >>> 31 === 0 ? -1 : 1));
    const image = await product(signs);
    const sample: Float64Array = signs.map((sign, e) => sign * image[e]);
    diagonal.add(sample);
    shared.add(share(sample));
  }
  return {
    diagonal: diagonal.mean,
    shared: shared.mean,
    error: { diagonal: diagonal.standardError(), shared: shared.standardError() },
  };
}

/** Running means of many quantities with their standard errors, by Welford's update. */
class RunningMean {
  readonly mean: Float64Array;
  readonly #squares: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.mean = new Float64Array(size);
    this.#squares = new Float64Array(size);
  }

  add(sample: Float64Array): void {
    this.#count++;
    for (let e = 0; e < sample.length; e++) {
      const before = sample[e] - this.mean[e];
      this.mean[e] += before / this.#count;
      this.#squares[e] += before * (sample[e] - this.mean[e]);
    }
  }

  standardError(): Float64Array {
    return this.#squares.map((s) => Math.sqrt(s / (this.#count * (this.#count - 1))));
  }
}

/**
 * Tells whether H couples samples. A random direction within one half of the samples has an image
 * in the other half only if it does.
 */
export async function couplesSamples(
  product: HessianProduct,
  samples: number,
  features: number,
  random: Random,
): Promise<boolean> {
  const inside = Array.from({ length: samples }, () => random.bits() >>> 31 === 0);
  const direction = Float64Array.from({ length: samples * features }, (_, e) =>
    inside[Math.floor(e / features)] ? random.normal() : 0,
  );
  const image = await product(direction);
  const energy = { inside: 0, outside: 0 };
  for (let e = 0; e < image.length; e++)
    energy[inside[Math.floor(e / features)] ? "inside" : "outside"] += image[e] ** 2;
  return energy.outside > ROUNDING ** 2 * energy.inside;
}

/** Below this relative size, the image in the other samples counts as rounding. */
const ROUNDING = 1e-6;
