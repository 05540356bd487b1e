import type { Tensor, TensorSpec } from "../../base/tensor.js";
import { Loop, type Program, type TracedFunction } from "../../engine/index.js";
import { valueAndGrad } from "../../engine/lang/index.js";
import { compileKept } from "../compile-kept.js";
import type { ProbedValueAndGrad, Procedure, TrainingState } from "./procedure.js";
import { Recording, recordedNumbers } from "./recording.js";

/**
 * Makes the steps of a procedure. Its state stays in two sets of tensors that are written in turn. A recorded step is a
 * second program, compiled when it is first asked for: it does what the plain one does and measures besides.
 */
export class Stepper implements AsyncDisposable {
  private recorded: Compiled | null = null;

  private constructor(
    private readonly procedure: Procedure,
    private readonly plain: Compiled,
    private readonly loop: Loop,
  ) {}

  /** For batches of the shapes and element types of `batch`. */
  static async compile(
    procedure: Procedure,
    state: TrainingState,
    batch: readonly TensorSpec[],
  ): Promise<Stepper> {
    const plain = await compileStep(procedure, state, batch, null);
    return new Stepper(procedure, plain, new Loop(plain.program, state));
  }

  /** The state now. Its tensors are written again by the step after the next one. */
  get state(): TrainingState {
    return this.loop.state;
  }

  /**
   * Makes the `number`-th step, from 1 on: its losses by name. Where `recorded` is given it measures what the norm layers
   * block for which it holds; they are the same at every recorded step.
   */
  async step(
    number: number,
    batch: readonly Tensor[],
    recorded: ((layer: string) => boolean) | null = null,
  ): Promise<{ losses: Record<string, number>; recording: Record<string, number> }> {
    if (recorded)
      this.recorded ??= await compileStep(this.procedure, this.state, batch, new Recording(recorded));
    const { program, losses, recording } = recorded ? this.recorded! : this.plain;
    const inputs = [...coefficientTensors(this.procedure, number), ...batch];
    const outputs = await this.loop.step(inputs, program);
    return {
      losses: Object.fromEntries(losses.map((name, i) => [name, outputs[i].data[0]])),
      recording: recording ? recordedNumbers(recording.layers, outputs.slice(losses.length)) : {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plain.program.dispose();
    await this.recorded?.program.dispose();
  }
}

interface Compiled {
  /** Takes the state, the coefficients and the batch; gives the state, the losses and what was recorded. */
  readonly program: Program;
  readonly losses: readonly string[];
  readonly recording: Recording | null;
}

async function compileStep(
  procedure: Procedure,
  state: readonly TensorSpec[],
  batch: readonly TensorSpec[],
  recording: Recording | null,
): Promise<Compiled> {
  const coefficients = coefficientTensors(procedure, 1);
  const [first, second] = [state.length, state.length + coefficients.length];
  let losses: readonly string[] = [];
  const step: TracedFunction = (...args) => {
    const results = procedure.step({
      state: args.slice(0, first),
      coefficients: args.slice(first, second),
      batch: args.slice(second),
      valueAndGrad: recording?.valueAndGrad ?? unobserved,
    });
    losses = Object.keys(results.losses);
    return [...results.state, ...Object.values(results.losses), ...(recording?.outputs ?? [])];
  };
  const program = await compileKept(step, [...state, ...coefficients, ...batch]);
  return { program, losses, recording };
}

const unobserved: ProbedValueAndGrad = (f, parameters) =>
  valueAndGrad((...values) => f(values, () => undefined), parameters);

const coefficientTensors = (procedure: Procedure, step: number): Tensor[] =>
  procedure
    .coefficients(step)
    .map((value) => ({ dtype: "float32", shape: [], data: Float32Array.of(value) }));
