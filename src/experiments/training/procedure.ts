import type { Random } from "../../base/random.js";
import type { Tensor } from "../../base/tensor.js";
import type { Traced } from "../../engine/lang/index.js";
import type { Probe } from "../../nn/probe.js";

/** The tensors that a training step changes, in the order of `Procedure.names`. */
export type TrainingState = readonly Tensor[];

/**
 * What one step of training does to a state. A step trains one network (`supervised`) or several
 * networks in turn. The whole step is one function in the tensor language and compiles to one
 * program.
 */
export interface Procedure {
  /** A name for every tensor of the state. */
  readonly names: readonly string[];
  /** The state before the first step. */
  initial(random: Random): TrainingState;
  /** Numbers that the optimizers need in a step, such as a learning rate. The first step is 1. */
  coefficients(step: number): readonly number[];
  /** The step, in the tensor language. */
  step(inputs: StepInputs): StepResults;
}

/** What a step works with. */
export interface StepInputs {
  readonly state: readonly Traced[];
  readonly coefficients: readonly Traced[];
  readonly batch: readonly Traced[];
  /** Differentiates the loss. A recorded step gives a form that also records norm layers. */
  readonly valueAndGrad: ProbedValueAndGrad;
}

/** What a step returns. */
export interface StepResults {
  /** The state after the step. */
  readonly state: readonly Traced[];
  /** Scalars for the metrics. Training stops where one is not finite. */
  readonly losses: Readonly<Record<string, Traced>>;
}

/**
 * The value and gradient of a scalar function of parameters, with auxiliary values. The function
 * passes `probe()` to every network whose norm layers are to be recorded (see `recordStep`).
 * Several passes through one network need a name each, such as `probe("real")`.
 */
export type ProbedValueAndGrad = (
  f: (parameters: Traced[], probe: (pass?: string) => Probe | undefined) => { value: Traced; aux: Traced[] },
  parameters: readonly Traced[],
) => { value: Traced; aux: Traced[]; grads: Traced[] };
