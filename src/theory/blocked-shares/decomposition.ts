/**
 * The energy of the cotangent G = ∂L/∂y, split group by group into what the standardization removes
 * and what passes. Every array has one number per group.
 */
export interface BlockedShares {
  /** n: elements per group. */
  readonly elements: number;
  /** Whether the normalization subtracts the mean. */
  readonly centred: boolean;
  /** E = ‖G‖². */
  readonly energy: Float64Array;
  /** n·mean(G)²: the energy along 1. It is 0 where nothing is centred. */
  readonly first: Float64Array;
  /** ⟨G,yc⟩²/⟨yc,yc⟩ with yc = y − mean(y): the energy along y. It is 0 where y is constant. */
  readonly diag: Float64Array;
  /** E − first − diag. */
  readonly passed: Float64Array;
  /** a = mean(G): the gradient that all elements of the group share. */
  readonly gradient: Float64Array;
  /** h = ⟨G,yc⟩/⟨yc,yc⟩: the curvature that all elements share. It is 0 where y is constant. */
  readonly curvature: Float64Array;
  /** ⟨G,y⟩, with y not centred. It equals γ·∂L/∂γ. */
  readonly inner: Float64Array;
  /** mean(y): 0 where y is standardized. */
  readonly mean: Float64Array;
  /** mean(y²): 1 − ρ where y is standardized. */
  readonly meanSquare: Float64Array;
  /** The energies of the whole layer: sums over the groups. */
  readonly total: Energies;
  /** Number of groups whose y does not vary. Their `diag` is 0. */
  readonly constantGroups: number;
  /**
   * Number of elements whose y or G, or a square of them, is NaN or infinite. No sum includes them.
   */
  readonly nonFinite: number;
}

/** Energies of a whole layer. */
export interface Energies {
  /** E = ‖G‖². */
  readonly energy: number;
  /** The part along 1. */
  readonly first: number;
  /** The part along y. */
  readonly diag: number;
  /** E − first − diag. */
  readonly passed: number;
}

/**
 * The decomposition of a layer whose statistics are constants: the whole energy passes.
 * Source: docs/theory.md, section 6.
 *
 * @param shares - the decomposition of its y and G
 * @returns the same energies with nothing blocked
 *
 * @example
 * ```ts
 * import { batchNormLayout, blockedShares, withNothingBlocked } from "blindspot/theory";
 *
 * const ones = Float64Array.of(1, 1);
 * const { total } = withNothingBlocked(blockedShares(ones, ones, batchNormLayout([2, 1])));
 * console.log(total); // { energy: 2, first: 0, diag: 0, passed: 2 }
 * ```
 */
export function withNothingBlocked(shares: BlockedShares): BlockedShares {
  const none = () => new Float64Array(shares.energy.length);
  const { energy } = shares.total;
  return {
    ...shares,
    first: none(),
    diag: none(),
    passed: shares.energy,
    constantGroups: 0,
    total: { energy, first: 0, diag: 0, passed: energy },
  };
}
