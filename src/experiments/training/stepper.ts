import type { Tensor, TensorSpec } from "../../base/tensor.js";
import { Loop, type Program, type TracedFunction } from "../../engine/index.js";
import { valueAndGrad } from "../../engine/lang/index.js";
import { compileKept } from "../compile-kept.js";
import type { ProbedValueAndGrad, Procedure, TrainingState } from "./procedure.js";
import { recordedNumbers, recordStep } from "./recording.js";
import { argumentSpecs, planStep, type StepPlan, splitStep } from "./step-plan.js";

/**
 * Makes the steps of a procedure. The state stays in two sets of tensors that are written in turn.
 * A recorded step is a second program, compiled at the first recorded step. It returns the same
 * state as the plain program and the values to record.
 */
export class Stepper implements AsyncDisposable {
  private recorded: CompiledStep | null = null;

  private constructor(
    private readonly procedure: Procedure,
    private readonly plain: CompiledStep,
    private readonly loop: Loop,
  ) {}

  /** Compiles the step for batches of the shapes and element types of `batch`. */
  static async compile(
    procedure: Procedure,
    state: TrainingState,
    batch: readonly TensorSpec[],
  ): Promise<Stepper> {
    const plain = await compileStep(procedure, { state, batch }, null);
    return new Stepper(procedure, plain, new Loop(plain.program, state));
  }

  /** The current state. The step after the next one overwrites its tensors. */
  get state(): TrainingState {
    return this.loop.state;
  }

  /**
   * Makes one step.
   *
   * @param number - The number of the step, from 1 on.
   * @param batch - The tensors of the batch.
   * @param recorded - Selects the norm layers to record; null records none. Every recorded step
   * must select the same layers.
   * @returns The losses by name, and the recorded numbers.
   */
  async step(
    number: number,
    batch: readonly Tensor[],
    recorded: ((layer: string) => boolean) | null = null,
  ): Promise<{ losses: Record<string, number>; recording: Record<string, number> }> {
    if (recorded) this.recorded ??= await compileStep(this.procedure, { state: this.state, batch }, recorded);
    const { program, plan } = (recorded && this.recorded) ?? this.plain;
    const inputs = [...coefficientTensors(this.procedure, number), ...batch];
    const outputs = await this.loop.step(inputs, program);
    return {
      losses: Object.fromEntries(plan.losses.map((name, i) => [name, outputs[i].data[0]])),
      recording: recorded ? recordedNumbers(plan, outputs.slice(plan.losses.length)) : {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plain.program.dispose();
    await this.recorded?.program.dispose();
  }
}

/** A step as a program, and what it returns. */
export interface CompiledStep {
  /**
   * Takes the state, the coefficients and the batch. Returns the state, the losses and the recorded
   * values.
   */
  readonly program: Program;
  readonly plan: StepPlan;
}

/** Compiles the step of a procedure; `chosen` selects the norm layers to record, null none. */
export async function compileStep(
  procedure: Procedure,
  { state, batch }: { readonly state: readonly TensorSpec[]; readonly batch: readonly TensorSpec[] },
  chosen: ((layer: string) => boolean) | null,
): Promise<CompiledStep> {
  const specs = { state, coefficients: coefficientTensors(procedure, 1), batch };
  const plan = planStep(procedure, specs, chosen);
  const step: TracedFunction = (...args) => {
    const recording = chosen && recordStep(plan, chosen);
    const valueAndGrad = recording?.valueAndGrad ?? unobserved;
    const results = procedure.step({ ...splitStep(specs, args), valueAndGrad });
    return [...results.state, ...Object.values(results.losses), ...(recording?.outputs ?? [])];
  };
  return { program: await compileKept(step, argumentSpecs(specs)), plan };
}

const unobserved: ProbedValueAndGrad = (f, parameters) =>
  valueAndGrad((...values) => f(values, () => undefined), parameters);

/** The coefficients of a step as inputs of its program. */
export const coefficientTensors = (procedure: Pick<Procedure, "coefficients">, step: number): Tensor[] =>
  procedure
    .coefficients(step)
    .map((value) => ({ dtype: "float32", shape: [], data: Float32Array.of(value) }));
