import type { BlockedShares } from "./decomposition.js";

/**
 * A group has constant y when ⟨yc,yc⟩ is at most this fraction of ⟨y,y⟩. The difference is then
 * rounding: that of the sums (up to 1e-13) or of a y in float32 (1e-14).
 */
const CONSTANT = 1e-12;

/** Five sums per group, from which the decomposition of a layer follows. */
export interface GroupSums {
  /** Σy. */
  readonly y: ArrayLike<number>;
  /** Σy². */
  readonly yy: ArrayLike<number>;
  /** ΣG. */
  readonly g: ArrayLike<number>;
  /** ΣG². */
  readonly gg: ArrayLike<number>;
  /** ΣG∘y. */
  readonly gy: ArrayLike<number>;
}

/** Options of `sharesFromSums`. */
export interface FromSumsOptions {
  /** False for RMS normalization, which subtracts no mean. Default true. */
  readonly centred?: boolean;
  /** Elements of each group that its sums leave out. Default none. */
  readonly missing?: ArrayLike<number>;
}

/**
 * The decomposition of a layer, from five sums per group:
 *
 *     first = (ΣG)²/n        diag = ⟨G,yc⟩²/⟨yc,yc⟩        passed = ΣG² − first − diag
 *
 * with ⟨G,yc⟩ = ΣG∘y − ΣG·Σy/n and ⟨yc,yc⟩ = Σy² − (Σy)²/n.
 * Source: docs/theory.md, section 6.
 *
 * @param sums - the sums of each group
 * @param elements - n, the elements per group, with those left out
 * @param options - whether the mean is subtracted, and how many elements the sums leave out
 * @returns the decomposition, group by group and in total
 *
 * @example
 * ```ts
 * import { sharesFromSums } from "blindspot/theory";
 *
 * // One group: y = (-1, 1), G = (1, 3).
 * const sums = { y: [0], yy: [2], g: [4], gg: [10], gy: [2] };
 * const { first, diag, passed } = sharesFromSums(sums, 2);
 * console.log(first, diag, passed); // [8] [2] [0]
 * ```
 */
export function sharesFromSums(
  sums: GroupSums,
  elements: number,
  { centred = true, missing }: FromSumsOptions = {},
): BlockedShares {
  const groups = sums.y.length;
  const perGroup = () => new Float64Array(groups);
  const shares = {
    elements,
    centred,
    energy: perGroup(),
    first: perGroup(),
    diag: perGroup(),
    passed: perGroup(),
    gradient: perGroup(),
    curvature: perGroup(),
    inner: perGroup(),
    mean: perGroup(),
    meanSquare: perGroup(),
  };
  const total = { energy: 0, first: 0, diag: 0, passed: 0 };
  let constantGroups = 0;
  let nonFinite = 0;
  for (let group = 0; group < groups; group++) {
    const absent = missing?.[group] ?? 0;
    nonFinite += absent;
    const n = elements - absent;
    if (n === 0) continue;
    const y = sums.y[group];
    const yy = sums.yy[group];
    const g = sums.g[group];
    const gy = sums.gy[group];
    const spread = centred ? yy - (y * y) / n : yy;
    const along = centred ? gy - (g * y) / n : gy;
    const constant = spread <= CONSTANT * yy;
    if (constant) constantGroups++;

    const energy = sums.gg[group];
    const first = centred ? (g * g) / n : 0;
    const diag = constant ? 0 : (along * along) / spread;
    // With n = 2 everything is blocked. Rounding can then make the difference slightly negative.
    const passed = Math.max(0, energy - first - diag);
    shares.energy[group] = energy;
    shares.first[group] = first;
    shares.diag[group] = diag;
    shares.passed[group] = passed;
    shares.gradient[group] = g / n;
    shares.curvature[group] = constant ? 0 : along / spread;
    shares.inner[group] = gy;
    shares.mean[group] = y / n;
    shares.meanSquare[group] = yy / n;
    total.energy += energy;
    total.first += first;
    total.diag += diag;
    total.passed += passed;
  }
  return { ...shares, total, constantGroups, nonFinite };
}
