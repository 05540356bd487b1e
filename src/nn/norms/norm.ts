import type { Attribute } from "../../engine/graph/graph.js";
import type { Traced } from "../../engine/lang/index.js";
import type { GroupLayout } from "../../theory/index.js";

/**
 * A normalization in its two phases, standardization (x → y) and affine phase (y → z). Both are
 * written in the tensor language, so they can be differentiated and compiled. Features have the
 * shape [N, C, …], weights [outputs, inputs, …].
 */
export interface Norm {
  /** Name in running text: "batch norm". */
  readonly title: string;
  /** What the standardization applies to. Weight standardization leaves features as they are. */
  readonly normalizes: "features" | "weights";
  /** The constant ε beside the variance or mean square; 0 if the norm has none. */
  readonly epsilon: number;
  /** Values that the standardization keeps between batches, for an input of this shape. */
  state(shape: readonly number[]): readonly DeclaredTensor[];
  /**
   * Set if state scales and shifts y further, as in batch renorm: with constant statistics, ∂y/∂x
   * is then not 1/σ.
   */
  readonly corrected?: true;
  /** The standardization in training: y from x. Throws a UserError for a shape it cannot take. */
  standardize(x: Traced, state: readonly Traced[]): Traced;
  /** The standardization in evaluation, if it differs: with running statistics. */
  readonly evaluate?: (x: Traced, state: readonly Traced[]) => Traced;
  /** The state after a training batch x, if the norm keeps running statistics. */
  readonly update?: (x: Traced, state: readonly Traced[]) => Traced[];
  /** The state that the first batch sets, if it sets one (ActNorm). */
  readonly initialize?: (x: Traced) => Traced[];
  /** Parameters of the affine phase, such as γ and β, for an input of this shape. */
  parameters(shape: readonly number[]): readonly DeclaredTensor[];
  /** The affine phase: z from y. */
  affine(y: Traced, parameters: readonly Traced[]): Traced;
  /** Directions that the standardization removes from G = ∂L/∂y in training; null: none. */
  blocks(shape: readonly number[]): Blocked | null;
  /**
   * Returns the ONNX operator that computes this norm for an input of this shape, or null if there
   * is none. An operator for training must have the same backward pass.
   */
  readonly operator: ((mode: PassMode, shape: readonly number[]) => NormOperator | null) | null;
}

/** Whether norms use the statistics of the batch (training) or running statistics (evaluation). */
export type PassMode = "training" | "evaluation";

/** A normalization as one ONNX node. */
export interface NormOperator {
  /** Type of the node, such as `BatchNormalization`. */
  readonly op: string;
  /** Attributes of the node. */
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Inputs after x: names of parameters and of state of the norm. */
  readonly operands: readonly string[];
  /** Whether the node also returns running mean and variance, one number per channel. */
  readonly statistics: boolean;
  /** First opset that has the operator in this form. */
  readonly opset: number;
}

/** A tensor that a norm owns. */
export interface DeclaredTensor {
  /** Name as in PyTorch, such as `weight` or `running_mean`. */
  readonly name: string;
  /** Sizes of its axes. */
  readonly shape: readonly number[];
  /** First value of every element. */
  readonly initial: number;
  /** Whether gradients train it. False for running statistics. */
  readonly trainable: boolean;
}

/**
 * Directions that the backward pass of a standardization removes from G, per group: 1 entirely, y
 * but for the leak ρ = ε/(v + ε). Source: docs/theory.md, section 2
 * and docs/theory.md, section 7.
 */
export interface Blocked {
  /** Which elements form a group. */
  readonly layout: GroupLayout;
  /** Whether 1 is blocked: the standardization subtracts a mean. */
  readonly ones: boolean;
  /** Whether y is blocked: the standardization divides by a deviation or root mean square. */
  readonly y: boolean;
}

/** Settings of all normalizations. */
export interface NormOptions {
  /** The constant ε. Default: as in PyTorch or in the normalization's paper. */
  readonly epsilon?: number;
}

/** Settings of normalizations that keep running statistics. */
export interface RunningOptions extends NormOptions {
  /** Weight of the newest batch in the running statistics, as in PyTorch. Default 0.1. */
  readonly momentum?: number;
}
