import type { Random } from "../../base/random.js";
import type { Tensor } from "../../base/tensor.js";
import type { Traced } from "../../engine/lang/index.js";
import type { Probe } from "../../nn/probe.js";

/** All that a training step changes, in the order of `Procedure.names`. */
export type TrainingState = readonly Tensor[];

/**
 * What one step of training does to a state: one network and its optimizer (`supervised`), or several that take turns.
 * The whole step is one function in the tensor language, so it compiles to one program.
 */
export interface Procedure {
  /** A name for every tensor of the state. */
  readonly names: readonly string[];
  initial(random: Random): TrainingState;
  /** Numbers of the `step`-th step, from 1 on, that the host computes: what optimizers ask for. */
  coefficients(step: number): readonly number[];
  step(inputs: StepInputs): StepResults;
}

export interface StepInputs {
  readonly state: readonly Traced[];
  readonly coefficients: readonly Traced[];
  readonly batch: readonly Traced[];
  readonly valueAndGrad: ProbedValueAndGrad;
}

export interface StepResults {
  /** The state after the step. */
  readonly state: readonly Traced[];
  /** Scalars that go into the metrics; all of them must stay finite. */
  readonly losses: Readonly<Record<string, Traced>>;
}

/**
 * Value and gradient of a scalar function of parameters, with auxiliary values. Passes through networks that it makes
 * with `probe` can be recorded (see `Recording`); a name tells apart several passes through one network.
 */
export type ProbedValueAndGrad = (
  f: (parameters: Traced[], probe: (pass?: string) => Probe | undefined) => { value: Traced; aux: Traced[] },
  parameters: readonly Traced[],
) => { value: Traced; aux: Traced[]; grads: Traced[] };
