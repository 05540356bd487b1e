import type { FloatArray } from "./standardize.js";

/**
 * How much of the gradient of the weights below a normalization removes. Every field but `open` and
 * `cosine` is a length relative to `open`, and 0 where `open` is 0.
 */
export interface WeightLoss {
  /** ‖ΔW_open‖: length of the gradient that would arrive if the statistics were constants. */
  readonly open: number;
  /** ‖ΔW_first‖/‖ΔW_open‖; null where only the whole removed part is known. */
  readonly first: number | null;
  /** ‖ΔW_diag‖/‖ΔW_open‖; null where only the whole removed part is known. */
  readonly diag: number | null;
  /** ‖ΔW_first + ΔW_diag‖/‖ΔW_open‖. The parts are not orthogonal, so it can exceed 1. */
  readonly removed: number;
  /** ‖ΔW_actual‖/‖ΔW_open‖. */
  readonly kept: number;
  /** cos(ΔW_actual, ΔW_open); 0 where ΔW_actual is 0. */
  readonly cosine: number;
}

/** Squared lengths of a weight gradient and of its parts. */
export interface WeightSums {
  /** ‖ΔW_open‖². */
  readonly open: number;
  /** ‖ΔW_first‖²; null where unknown. */
  readonly first: number | null;
  /** ‖ΔW_diag‖²; null where unknown. */
  readonly diag: number | null;
  /** ‖ΔW_first + ΔW_diag‖² = ‖ΔW_open − ΔW_actual‖². */
  readonly removed: number;
  /** ‖ΔW_actual‖². */
  readonly actual: number;
  /** ⟨ΔW_actual, ΔW_open⟩. */
  readonly inner: number;
}

/**
 * Relative lengths and the cosine of a weight gradient, from squared lengths.
 * Source: docs/theory.md, section 6.
 *
 * @param sums - squared lengths and the inner product
 * @returns `removed`, `kept`, `cosine` and the parts
 *
 * @example
 * ```ts
 * import { weightLoss } from "blindspot/theory";
 *
 * const sums = { open: 25, first: 9, diag: 4, removed: 13, actual: 4, inner: 8 };
 * const { first, diag, kept, cosine } = weightLoss(sums);
 * console.log(first, diag, kept, cosine); // 0.6 0.4 0.4 0.8
 * ```
 */
export function weightLoss(sums: WeightSums): WeightLoss {
  const open = Math.sqrt(sums.open);
  const relative = (squared: number) => (open === 0 ? 0 : Math.sqrt(squared) / open);
  const lengths = open * Math.sqrt(sums.actual);
  return {
    open,
    first: sums.first === null ? null : relative(sums.first),
    diag: sums.diag === null ? null : relative(sums.diag),
    removed: relative(sums.removed),
    kept: relative(sums.actual),
    cosine: lengths === 0 ? 0 : Math.max(-1, Math.min(1, sums.inner / lengths)),
  };
}

/**
 * Squared lengths from ΔW_open and its two blocked parts: ΔW_actual = ΔW_open − ΔW_first − ΔW_diag.
 * Source: docs/theory.md, section 6.
 *
 * @param open - ΔW_open
 * @param first - ΔW_first
 * @param diag - ΔW_diag
 * @returns the input of `weightLoss`
 *
 * @example
 * ```ts
 * import { weightLoss, weightSums } from "blindspot/theory";
 *
 * const sums = weightSums(Float64Array.of(3, 4), Float64Array.of(3, 0), Float64Array.of(0, 2));
 * console.log(sums.removed, sums.actual, weightLoss(sums).kept); // 13 4 0.4
 * ```
 */
export function weightSums(open: FloatArray, first: FloatArray, diag: FloatArray): WeightSums {
  const sums = { open: 0, first: 0, diag: 0, removed: 0, actual: 0, inner: 0 };
  for (let i = 0; i < open.length; i++) {
    const removed = first[i] + diag[i];
    const actual = open[i] - removed;
    sums.open += open[i] ** 2;
    sums.first += first[i] ** 2;
    sums.diag += diag[i] ** 2;
    sums.removed += removed ** 2;
    sums.actual += actual ** 2;
    sums.inner += actual * open[i];
  }
  return sums;
}

/**
 * Squared lengths from the inner products of the parts of a weight gradient. ΔW_open is their sum.
 * Source: docs/theory.md, section 6.
 *
 * @param gram - Gram matrix of ΔW_actual, ΔW_diag and ΔW_first, in this order, row by row; [2, 2]
 *   without ΔW_first where the normalization subtracts no mean
 * @returns the input of `weightLoss`
 *
 * @example
 * ```ts
 * import { weightSumsFromGram } from "blindspot/theory";
 *
 * // ΔW_actual = (0, 2), ΔW_diag = (0, 2), ΔW_first = (3, 0).
 * const { open, removed, inner } = weightSumsFromGram(Float64Array.of(4, 4, 0, 4, 4, 0, 0, 0, 9));
 * console.log(open, removed, inner); // 25 13 8
 * ```
 */
export function weightSumsFromGram(gram: FloatArray): WeightSums {
  const parts = Math.sqrt(gram.length);
  const product = (i: number, j: number) => (i < parts && j < parts ? gram[i * parts + j] : 0);
  const [actual, diag, first] = [product(0, 0), product(1, 1), product(2, 2)];
  const removed = Math.max(0, diag + first + 2 * product(1, 2));
  const across = product(0, 1) + product(0, 2);
  const open = Math.max(0, actual + removed + 2 * across);
  return { open, first, diag, removed, actual, inner: actual + across };
}

/**
 * Squared lengths from ΔW_open and ΔW_actual of a recorded trace, added in blocks. `first` and
 * `diag` stay unknown.
 * Source: docs/theory.md, section 6.
 *
 * @example
 * ```ts
 * import { RecordedWeightSums, weightLoss } from "blindspot/theory";
 *
 * const sums = new RecordedWeightSums();
 * sums.add(Float64Array.of(3), Float64Array.of(0));
 * sums.add(Float64Array.of(4), Float64Array.of(2));
 * console.log(weightLoss(sums).kept, weightLoss(sums).first); // 0.4 null
 * ```
 */
export class RecordedWeightSums implements WeightSums {
  readonly first = null;
  readonly diag = null;
  /** ‖ΔW_open‖². */
  open = 0;
  /** ‖ΔW_open − ΔW_actual‖². */
  removed = 0;
  /** ‖ΔW_actual‖². */
  actual = 0;
  /** ⟨ΔW_actual, ΔW_open⟩. */
  inner = 0;

  /**
   * Adds the next elements of both gradients.
   *
   * @param open - elements of ΔW_open
   * @param actual - the same elements of ΔW_actual
   */
  add(open: FloatArray, actual: FloatArray): void {
    for (let i = 0; i < open.length; i++) {
      this.open += open[i] ** 2;
      this.removed += (open[i] - actual[i]) ** 2;
      this.actual += actual[i] ** 2;
      this.inner += open[i] * actual[i];
    }
  }
}
