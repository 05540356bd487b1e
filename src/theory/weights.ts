import type { FloatArray } from "./standardize.js";

/** What the weights below never hear: norms relative to ‖ΔW_open‖, all 0 where that is 0. */
export interface WeightLoss {
  /** ‖ΔW_open‖: the gradient if the statistics were constants. */
  readonly open: number;
  /** ‖ΔW_first‖ and ‖ΔW_diag‖; null where only the whole removed part is known. */
  readonly first: number | null;
  readonly diag: number | null;
  /** ‖ΔW_first + ΔW_diag‖ = ‖ΔW_open − ΔW_actual‖; the parts are not orthogonal, so it can exceed 1. */
  readonly removed: number;
  /** ‖ΔW_actual‖. */
  readonly kept: number;
  /** cos(ΔW_actual, ΔW_open); 0 where ΔW_actual is 0. */
  readonly cosine: number;
}

/** Squared norms of a weight gradient and its parts, and ⟨ΔW_actual, ΔW_open⟩. */
export interface WeightSums {
  readonly open: number;
  readonly first: number | null;
  readonly diag: number | null;
  readonly removed: number;
  readonly actual: number;
  readonly inner: number;
}

/** Relative norms and cosine from squared norms. Source: docs/theory.md, section 6. */
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

/** Squared norms from ΔW_open and its two blocked parts; ΔW_actual = ΔW_open − ΔW_first − ΔW_diag. */
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
 * Squared norms from the Gram matrix of ΔW_actual, ΔW_diag and ΔW_first, in this order, row by row; without the last
 * where nothing is centred. ΔW_open is the sum of all.
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

/** Squared norms from ΔW_open and ΔW_actual alone, in blocks; the two parts of what was removed stay unknown. */
export class RecordedWeightSums implements WeightSums {
  readonly first = null;
  readonly diag = null;
  open = 0;
  removed = 0;
  actual = 0;
  inner = 0;

  add(open: FloatArray, actual: FloatArray): void {
    for (let i = 0; i < open.length; i++) {
      this.open += open[i] ** 2;
      this.removed += (open[i] - actual[i]) ** 2;
      this.actual += actual[i] ** 2;
      this.inner += open[i] * actual[i];
    }
  }
}
