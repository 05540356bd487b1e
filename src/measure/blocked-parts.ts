import { mul, reciprocal, type Traced } from "../engine/lang/index.js";
import type { GroupLayout } from "../theory/index.js";
import { groupMean } from "./group-mean.js";

/** G = ∂L/∂y at a standardization, split as it reaches x. */
export interface BlockedParts {
  /** 1/σ, which broadcasts against G. */
  readonly inverse: Traced;
  /**
   * The parts of G/σ that never reach x, each in the shape of y: y·mean(G∘y)/σ (diagonal), then
   * mean(G)/σ (first order) where the normalization subtracts a mean.
   */
  readonly blocked: readonly Traced[];
}

/**
 * The parts of the cotangent that a standardization blocks, divided by σ. Numbers that are the same
 * for a whole group are multiplied first, so that few operations run over whole tensors.
 */
export function blockedParts({
  y,
  cotangent,
  sigma,
  layout,
  centred,
}: {
  readonly y: Traced;
  readonly cotangent: Traced;
  readonly sigma: Traced;
  readonly layout: GroupLayout;
  readonly centred: boolean;
}): BlockedParts {
  const inverse = reciprocal(sigma);
  const perGroup = (x: Traced) => mul(groupMean(x, layout), inverse);
  const diag = mul(y, perGroup(mul(cotangent, y)));
  return { inverse, blocked: centred ? [diag, perGroup(cotangent)] : [diag] };
}
