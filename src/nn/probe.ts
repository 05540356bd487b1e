import type { Traced } from "../engine/lang/index.js";
import type { Norm } from "./norms/norm.js";

/** A linear op of a network as a function of its weight: a convolution, a matrix product. */
export interface LinearUse {
  /** Name of the weight, and its value in this pass. */
  readonly weight: string;
  readonly value: Traced;
  /** The other values the output depends on: the input of the op, and a bias. */
  readonly operands: readonly Traced[];
  /** The output from a weight and the operands, in their order. Affine in the weight. */
  apply(weight: Traced, operands: readonly Traced[]): Traced;
}

/** Looks into the layers of a pass in training, and may put something of its own between them. */
export interface Probe {
  /** `output` was made by a linear op. */
  linear(output: Traced, use: LinearUse): void;
  /** x goes into a norm layer: returns what goes in. */
  entering(layer: string, norm: Norm, x: Traced): Traced;
  /** The standardization phase made y of x, which `entering` returned: returns what the affine phase gets. */
  standardized(layer: string, norm: Norm, x: Traced, y: Traced): Traced;
}
