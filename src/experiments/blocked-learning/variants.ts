import type { NormName } from "../../nn/index.js";

/** A norm that is compared, by a name of its own. */
export interface Variant {
  /** The name in results. */
  readonly condition: string;
  readonly norm: NormName;
  /** Default: that of the norm. */
  readonly epsilon?: number;
}

/** Batch norm with a hundredth of its usual ε. It leaks a hundredth of the gradient. */
export const SMALL_EPSILON = { condition: "bn, ε/100", norm: "bn", epsilon: 1e-7 } as const;

/** The given norms. Batch norm is followed by its variant with a small ε. */
export const variantsOf = (norms: readonly NormName[]): Variant[] =>
  norms.flatMap((norm) => [{ condition: norm, norm }, ...(norm === "bn" ? [SMALL_EPSILON] : [])]);
