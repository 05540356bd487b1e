import type { Tensor } from "../../base/tensor.js";
import type { Traced } from "../../engine/lang/index.js";
import type { ForwardPass } from "../open/opened-model.js";
import type { LossKind } from "./names.js";

/** A loss on the output of an opened model, for one batch. */
export interface Loss {
  readonly kind: LossKind;
  /** "mean" over labels or elements; "none" if the model computes its loss itself. */
  readonly reduction: "mean" | "none";
  /** What is computed, in words. Says why the loss was chosen if the user did not name it. */
  readonly description: string;
  /** Why the loss was chosen; null if the user named it. */
  readonly reason: string | null;
  /**
   * The number that the loss divides by: labels that count, elements, or samples where the model
   * computes its loss itself. Batches weigh in a mean over batches in proportion to it.
   */
  readonly denominator: number;
  /**
   * The tensor to feed that the output is compared with; null if the loss compares with nothing.
   */
  readonly target: Tensor | null;
  /** Guesses that the user should know of. */
  readonly warnings?: readonly string[];
  /** Traces the loss, a scalar, from the traced outputs of the model and the traced target. */
  apply(outputs: ForwardPass["outputs"], target: Traced | null): Traced;
}

/** Settings of a loss that the batch file does not tell. */
export interface LossOptions {
  /** Key of the labels or targets in the batch file; `label` or `target` by default. */
  readonly target?: string;
  /**
   * The tensor that the model's first input takes. `mse` and `l1` compare the output with this
   * tensor if the batch file has no target.
   */
  readonly input?: Tensor;
  /**
   * The axis of the classes in the output, where cross-entropy cannot tell it from the shapes;
   * negative values count from the last axis.
   */
  readonly classAxis?: number;
  /** Why `kind` was chosen, where an earlier batch decided it instead of the user. */
  readonly reason?: string | null;
}

/** A traced value that `Loss.apply` needs; throws where the caller left it out. */
export function needed(value: Traced | null | undefined, name: string): Traced {
  if (!value) throw new Error(`loss: no traced value for ${name}`);
  return value;
}
