import type { Attribute } from "../../engine/index.js";
import type { Traced } from "../../engine/lang/index.js";
import type { GroupLayout } from "../../theory/index.js";

/**
 * A normalization in its two phases, both written in the tensor language, so that they can be differentiated,
 * compiled and taken apart. Features are [N, C, …]; weights [O, I, …].
 */
export interface Norm {
  /** As one says it: "batch norm". */
  readonly title: string;
  /** What the standardization phase is applied to. Weight standardization leaves the features alone. */
  readonly normalizes: "features" | "weights";
  /** ε as used; 0 where there is none. */
  readonly epsilon: number;
  /** Values the standardization phase keeps between batches, for an input of this shape. */
  state(shape: readonly number[]): readonly Declared[];
  /** Whether y is scaled and shifted further by state, so that ∂y/∂x with statistics held is not 1/σ: batch renorm. */
  readonly corrected?: true;
  /** y from x in training. Throws a UserError if the shape does not suit. */
  standardize(x: Traced, state: readonly Traced[]): Traced;
  /** y from x in evaluation, where that differs: with running statistics. */
  readonly evaluate?: (x: Traced, state: readonly Traced[]) => Traced;
  /** The state after a training batch x: running statistics. */
  readonly update?: (x: Traced, state: readonly Traced[]) => Traced[];
  /** The state from the first batch, where it depends on data (ActNorm). */
  readonly initialize?: (x: Traced) => Traced[];
  /** γ, β and the like. */
  parameters(shape: readonly number[]): readonly Declared[];
  /** z from y. */
  affine(y: Traced, parameters: readonly Traced[]): Traced;
  /** What the standardization phase projects out of G = ∂L/∂y in training; null: nothing. */
  blocks(shape: readonly number[]): Blocked | null;
  /**
   * The ONNX operator that is this norm, for an input of this shape; null or left out where there is none. In training
   * it has to be the same norm backwards, too.
   */
  readonly operator?: (mode: PassMode, shape: readonly number[]) => NormOperator | null;
}

export type PassMode = "training" | "evaluation";

/** A normalization as a node of ONNX. */
export interface NormOperator {
  readonly op: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Its inputs after x: names of parameters and of state of the norm. */
  readonly operands: readonly string[];
  /** Whether it yields running statistics beside its result: mean and variance, one number per channel. */
  readonly statistics: boolean;
  /** The first operator set that has it in this form. */
  readonly opset: number;
}

/** A value a norm owns: its name as in PyTorch, and what it starts from. */
export interface Declared {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: number;
  /** Whether gradients train it; running statistics are not. */
  readonly trainable: boolean;
}

/**
 * The directions that the backward pass of a standardization phase removes from G, in every group: 1 always entirely,
 * y up to the leak ρ = ε/(v + ε). Source: docs/theory.md, section 2 and docs/theory.md, section 7.
 */
export interface Blocked {
  readonly layout: GroupLayout;
  /** Whether 1 is blocked: whether a mean is subtracted. */
  readonly ones: boolean;
  /** Whether y is blocked: whether a standard deviation or root mean square divides. */
  readonly y: boolean;
}

export interface NormOptions {
  readonly epsilon?: number;
}

export interface RunningOptions extends NormOptions {
  /** Weight of the newest batch in the running statistics, as in PyTorch. Default 0.1. */
  readonly momentum?: number;
}
