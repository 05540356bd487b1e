import type { Traced } from "../../engine/lang/index.js";
import * as lang from "../../engine/lang/index.js";
import type { NormSpec } from "./spec.js";

/** How σ follows from the variance: ε, its place, and the factor of the variance. */
export type DeviationSpec = Pick<NormSpec, "epsilon" | "deviation"> & {
  /** k: what the file multiplies the biased variance with. */
  readonly factor: number;
};

/** σ of a biased variance v. */
export function deviationOf(variance: Traced, { epsilon, deviation, factor }: DeviationSpec): Traced {
  const scaled = factor === 1 ? variance : lang.mul(variance, factor);
  switch (deviation?.epsilon ?? "inside") {
    case "inside":
      return lang.sqrt(lang.add(scaled, epsilon));
    case "outside":
      return lang.add(lang.sqrt(scaled), epsilon);
    case "floor":
      return lang.sqrt(lang.max(scaled, epsilon));
  }
}

/**
 * What the diagonal part y·mean(G∘y)/σ is multiplied with, φ = 2σ·dσ/dv: 1 for σ = √(v + ε). The
 * standardization blocks the direction y in every case, but not by the same amount.
 *
 * @returns φ, or null where it is 1.
 */
export function diagonalFactor(sigma: Traced, { epsilon, deviation, factor }: DeviationSpec): Traced | null {
  switch (deviation?.epsilon) {
    case undefined:
      return null;
    case "inside":
      return lang.full(sigma.shape, factor, lang.dtypeOf(sigma));
    case "outside":
      return lang.mul(lang.div(sigma, lang.sub(sigma, epsilon)), factor);
    case "floor":
      return lang.where(lang.greater(sigma, Math.sqrt(epsilon) * (1 + 1e-6)), factor, lang.mul(sigma, 0));
  }
}
