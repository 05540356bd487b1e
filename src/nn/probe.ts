import type { Traced } from "../engine/lang/index.js";
import type { LinearOp } from "../measure/linear-op.js";
import type { Norm } from "./norms/norm.js";

/** Observes the layers of a pass in training, and may change the values between them. */
export interface Probe {
  /** Called when a linear op has made `output`. */
  linear(output: Traced, op: LinearOp): void;
  /** Called with the input x of a norm layer. Returns the value that the layer reads instead. */
  entering(layer: string, norm: Norm, x: Traced): Traced;
  /**
   * Called when the standardization has made y of x, the value that `entering` returned. Returns
   * the input of the affine phase.
   */
  standardized(layer: string, norm: Norm, x: Traced, y: Traced): Traced;
}
