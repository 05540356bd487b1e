import {
  abs,
  dtypeOf,
  less,
  mean,
  mul,
  reciprocal,
  sqrt,
  square,
  type Traced,
  where,
} from "../engine/lang/index.js";
import type { GroupLayout } from "../theory/index.js";
import { groupMeans, spreadOverGroups } from "./group-mean.js";

/** G = ∂L/∂y at a standardization, split as it reaches x. */
export interface BlockedParts {
  /** 1/σ, which broadcasts against G. */
  readonly inverse: Traced;
  /**
   * The parts of G/σ that never reach x: y·mean(G∘y)/σ (diagonal), then mean(G)/σ (first order)
   * where the normalization subtracts a mean.
   */
  readonly blocked: readonly BlockedPart[];
}

/** One part of G/σ: in each group, a multiple of one blocked direction. */
export interface BlockedPart {
  /** The part, in the shape of y. */
  readonly value: Traced;
  /** The multiple of the direction y/σ or 1/σ, as [groups]. Never 0. */
  readonly multiple: Traced;
}

/**
 * A multiple of 0 is replaced by this fraction of the root mean square of G. It is too small to
 * change any result, and the blocked direction can still be computed back from the part
 * (`removedChance`).
 */
const SMALLEST = { float32: 1e-9, float64: 1e-18 };

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
  frozen = false,
  diagonalFactor = null,
}: {
  readonly y: Traced;
  readonly cotangent: Traced;
  readonly sigma: Traced;
  readonly layout: GroupLayout;
  readonly centred: boolean;
  /** Whether the statistics are constants, so that nothing is blocked. Default false. */
  readonly frozen?: boolean;
  /** What multiplies the diagonal part where σ is not √(v + ε); broadcasts as `sigma` does. */
  readonly diagonalFactor?: Traced | null;
}): BlockedParts {
  const inverse = reciprocal(sigma);
  if (frozen) return { inverse, blocked: [] };
  const dtype = dtypeOf(y) === "float64" ? "float64" : "float32";
  const least = mul(sqrt(mean(square(cotangent))), SMALLEST[dtype]);
  const part = (x: Traced, direction: Traced | null, factor: Traced | null): BlockedPart => {
    const means = groupMeans(x, layout);
    const multiple = where(less(abs(means), least), least, means);
    const perGroup = mul(spreadOverGroups(multiple, layout, y.shape), inverse);
    const scaled = factor === null ? perGroup : mul(perGroup, factor);
    return { multiple, value: direction === null ? scaled : mul(direction, scaled) };
  };
  const diag = part(mul(cotangent, y), y, diagonalFactor);
  return { inverse, blocked: centred ? [diag, part(cotangent, null, null)] : [diag] };
}
