import type { Traced } from "../../engine/lang/index.js";

/** An update rule, written in the tensor language so that it becomes part of the compiled training step. */
export interface Optimizer {
  /** What it keeps of each parameter between steps: values of the parameter's shape that start from 0. */
  readonly slots: readonly string[];
  /** Numbers of the `step`-th step, counted from 1: computed on the host in float64, inputs of the compiled step. */
  coefficients(step: number): readonly number[];
  /** The parameter and its slots after a step, given the gradient and the coefficients as scalars. */
  update(
    parameter: Traced,
    gradient: Traced,
    slots: readonly Traced[],
    coefficients: readonly Traced[],
  ): { parameter: Traced; slots: readonly Traced[] };
}

export interface OptimizerOptions {
  /** Learning rate. */
  readonly rate: number;
  /** λ of the term ½λ‖w‖² in the loss. Default 0. */
  readonly weightDecay?: number;
}
