import type { Traced } from "../../engine/lang/index.js";

/**
 * An update rule in the tensor language, so that the compiled training step contains it. A training
 * loop keeps one set of slots per parameter and calls `update` for each parameter in each step.
 */
export interface Optimizer {
  /**
   * Names of the values that the rule keeps per parameter between steps, such as `momentum`. Each
   * has the shape of the parameter and starts from 0.
   */
  readonly slots: readonly string[];
  /**
   * Numbers that depend on the step alone, counted from 1. The host computes them in float64 and
   * feeds them to the compiled step.
   */
  coefficients(step: number): readonly number[];
  /** The parameter and its slots after a step. `coefficients` are scalars. */
  update(
    parameter: Traced,
    gradient: Traced,
    slots: readonly Traced[],
    coefficients: readonly Traced[],
  ): { parameter: Traced; slots: readonly Traced[] };
}

/** Settings that all optimizers share. */
export interface OptimizerOptions {
  /** Learning rate. */
  readonly rate: number;
  /** Factor λ of the term ½λ‖w‖² that is added to the loss. Default 0. */
  readonly weightDecay?: number;
}
