import type { FloatArray } from "./standardize.js";

/**
 * How the gradient that training follows on average compares with that of the same samples as one
 * batch.
 */
export interface Agreement {
  /** cos(ĝ, g*): 1 where batches change nothing, 0 where the directions have nothing in common. */
  readonly agreement: number;
  /** ‖ĝ‖/‖g*‖. */
  readonly gain: number;
}

/**
 * The agreement of batches, cos(ĝ, g*), and the gain, ‖ĝ‖/‖g*‖, where ĝ = Σ_j w_j ∂L(B_j)/∂W is the
 * weighted mean of the batches' gradients and g* the gradient of all samples as one batch.
 * Normalizations that look at one sample at a time give exactly 1 for both, whatever the batches.
 *
 * Source: docs/theory.md, section 10.
 *
 * @param average - ĝ, one array for each weight.
 * @param whole - g*, arrays of the same lengths in the same order.
 * @returns null where one of the gradients is 0 or not finite, so that no angle exists.
 * @example
 * ```ts
 * import { agreementOf } from "blindspot/theory";
 *
 * agreementOf([Float64Array.of(3, 0)], [Float64Array.of(1, 1)])?.gain; // → 2.1213203435596424
 * ```
 */
export function agreementOf(average: readonly FloatArray[], whole: readonly FloatArray[]): Agreement | null {
  let [inner, averageSquare, wholeSquare] = [0, 0, 0];
  for (const [w, a] of average.entries()) {
    const b = whole[w];
    for (let i = 0; i < a.length; i++) {
      inner += a[i] * b[i];
      averageSquare += a[i] * a[i];
      wholeSquare += b[i] * b[i];
    }
  }
  const lengths = Math.sqrt(averageSquare) * Math.sqrt(wholeSquare);
  if (!(lengths > 0) || !Number.isFinite(lengths)) return null;
  return {
    agreement: Math.max(-1, Math.min(1, inner / lengths)),
    gain: Math.sqrt(averageSquare / wholeSquare),
  };
}
