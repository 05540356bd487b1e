import type { Random } from "../../base/random.js";
import type { FloatArray } from "../../theory/index.js";

/** H·direction, for a Hessian that is only known by its products. */
export type HessianProduct = (direction: Float64Array) => Promise<FloatArray>;

/** Replaces every element by the mean over those that share one. */
export type Share = (values: FloatArray) => Float64Array;

/** diag(H), its mean over the elements that share one, and the standard error of each where they are estimates. */
export interface HessianDiagonal {
  readonly diagonal: Float64Array;
  readonly shared: Float64Array;
  readonly error: { readonly diagonal: Float64Array; readonly shared: Float64Array } | null;
}

/**
 * The diagonal of a block-diagonal Hessian, one block of `features` for each of `samples`, exactly: one product for
 * each feature, along that feature of all samples at once.
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
 * An unbiased estimate of diag(H): the mean of v ∘ Hv over `probes` ≥ 2 vectors v of random signs. What is off the
 * diagonal is its noise. Source: Hutchinson 1990; Bekas, Kokiopoulou and Saad 2007 for the diagonal.
 */
export async function estimatedDiagonal(
  product: HessianProduct,
  size: number,
  share: Share,
  { probes, random }: { readonly probes: number; readonly random: Random },
): Promise<HessianDiagonal> {
  const diagonal = new RunningMean(size);
  // Errors within one probe are correlated, so that of a shared mean is not to be had from those of its elements.
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

/** Means of many quantities at once, with their standard errors (Welford's update, which cancels no large squares). */
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

/** Whether H couples samples: whether a direction in a random half of them has an image in the others. */
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

/** Relative size below which an image in other samples is rounding; without coupling it is 0. */
const ROUNDING = 1e-6;
