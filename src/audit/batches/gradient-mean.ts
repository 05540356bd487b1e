import type { FloatArray } from "../../theory/index.js";
import type { BatchGradients } from "./sample-runner.js";

/**
 * The mean loss and the mean gradients of batches, Σ_j (d_j/d_S) ∂L(B_j)/∂W in float64, where d is
 * the number that the loss divides by and d_S that of all samples. Source: docs/theory.md, section
 * 10.
 */
export class GradientMean {
  loss = 0;
  readonly gradients = new Map<string, Float64Array>();

  /** @param total - d_S. */
  constructor(private readonly total: number) {}

  add({ loss, gradients, denominator, scale }: BatchGradients): void {
    // A batch whose labels are all ignored has no loss. It counts nothing.
    if (denominator === 0) return;
    const factor = (denominator / this.total) * scale;
    this.loss += factor * loss;
    for (const [name, { data }] of gradients) addScaled(this.sumOf(name, data.length), data, factor);
  }

  private sumOf(name: string, length: number): Float64Array {
    const known = this.gradients.get(name);
    if (known !== undefined) return known;
    const sum = new Float64Array(length);
    this.gradients.set(name, sum);
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
