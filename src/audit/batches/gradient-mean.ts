import type { FloatArray } from "../../theory/index.js";
import type { BatchGradients } from "./sample-runner.js";

/**
 * The mean loss and the mean gradients of batches, Σ_j (d_j/d_S) ∂L(B_j)/∂W in float64, where d_j is
 * the number that the loss of batch j divides by and d_S = Σ_j d_j. Source: docs/theory.md, section
 * 10.
 */
export class GradientMean {
  private total = 0;
  private lossSum = 0;
  private readonly sums = new Map<string, Float64Array>();

  add({ loss, gradients, denominator, scale }: BatchGradients): void {
    this.total += denominator;
    this.lossSum += denominator * scale * loss;
    for (const [name, { data }] of gradients)
      addScaled(this.sumOf(name, data.length), data, denominator * scale);
  }

  /** The means over the batches that were added. The sums are used up. */
  means(): { readonly loss: number; readonly gradients: ReadonlyMap<string, Float64Array> } {
    const factor = 1 / this.total;
    for (const sum of this.sums.values()) for (let i = 0; i < sum.length; i++) sum[i] *= factor;
    return { loss: factor * this.lossSum, gradients: this.sums };
  }

  private sumOf(name: string, length: number): Float64Array {
    const known = this.sums.get(name);
    if (known !== undefined) return known;
    const sum = new Float64Array(length);
    this.sums.set(name, sum);
    return sum;
  }
}

/** The mean of some gradients of the same weights. */
export function meanOfGradients(
  parts: readonly ReadonlyMap<string, FloatArray>[],
): Map<string, Float64Array> {
  const [first] = parts;
  return new Map(
    [...first].map(([name, { length }]) => {
      const sum = new Float64Array(length);
      for (const part of parts) addScaled(sum, part.get(name) ?? [], 1 / parts.length);
      return [name, sum];
    }),
  );
}

function addScaled(sum: Float64Array, values: ArrayLike<number>, factor: number): void {
  for (let i = 0; i < values.length; i++) sum[i] += factor * values[i];
}
