import type { TensorSpec } from "../../base/tensor.js";
import { evaluateShapes, type Traced } from "../../engine/lang/index.js";
import { notingTap } from "../../measure/taps.js";
import type { GroupLayout } from "../../theory/index.js";
import { normProbe, type ProbedNorm } from "./norm-probe.js";
import type { Procedure, StepInputs } from "./procedure.js";

/** The shapes of a step's arguments, in the order in which its program takes them. */
export interface StepSpecs {
  readonly state: readonly TensorSpec[];
  readonly coefficients: readonly TensorSpec[];
  readonly batch: readonly TensorSpec[];
}

/** What the step of a procedure returns and records. It is known before the step is compiled. */
export interface StepPlan {
  /** Names of the losses, in the order in which the step returns them. */
  readonly losses: readonly string[];
  /** One entry for each differentiation that the step makes, in order. */
  readonly differentiations: readonly PlannedDifferentiation[];
}

/** The norm layers that one differentiation records. */
export interface PlannedDifferentiation {
  /** Shapes of the taps: one before and one after each standardization, in order of execution. */
  readonly taps: readonly TensorSpec[];
  readonly layers: readonly RecordedLayer[];
}

/** A norm layer that is recorded. */
export interface RecordedLayer {
  readonly name: string;
  readonly layout: GroupLayout;
  readonly centred: boolean;
  /** Whether a linear op lies right below, so that weight gradients are recorded. */
  readonly weights: boolean;
}

/**
 * Plans a step by evaluating its shapes once, without gradients.
 *
 * @param chosen - Selects the norm layers to record by name; null records none.
 */
export function planStep(
  procedure: Procedure,
  specs: StepSpecs,
  chosen: ((layer: string) => boolean) | null,
): StepPlan {
  let losses: readonly string[] = [];
  const differentiations: PlannedDifferentiation[] = [];
  const valueWithoutGrad: StepInputs["valueAndGrad"] = (f, parameters) => {
    const taps: TensorSpec[] = [];
    const probed: ProbedNorm[] = [];
    const tap = notingTap(taps);
    const { value, aux } = f([...parameters], (pass) =>
      chosen === null ? undefined : normProbe(pass, { chosen, tap, probed }),
    );
    differentiations.push({ taps, layers: probed.map(recordedLayer) });
    // Gradients have the shapes of the parameters, and nothing but shapes matters here.
    return { value, aux, grads: [...parameters] };
  };
  evaluateShapes((...args) => {
    const results = procedure.step({ ...splitStep(specs, args), valueAndGrad: valueWithoutGrad });
    losses = Object.keys(results.losses);
    return [...results.state, ...Object.values(results.losses)];
  }, argumentSpecs(specs));
  return { losses, differentiations };
}

/** The shapes of a step's arguments as one list. */
export const argumentSpecs = ({ state, coefficients, batch }: StepSpecs): TensorSpec[] => [
  ...state,
  ...coefficients,
  ...batch,
];

/** Splits the arguments of a step, which come in the order of `argumentSpecs`. */
export function splitStep(
  { state, coefficients }: StepSpecs,
  args: readonly Traced[],
): Pick<StepInputs, "state" | "coefficients" | "batch"> {
  const [first, second] = [state.length, state.length + coefficients.length];
  return {
    state: args.slice(0, first),
    coefficients: args.slice(first, second),
    batch: args.slice(second),
  };
}

const recordedLayer = ({ name, layout, centred, linearOp }: ProbedNorm): RecordedLayer => ({
  name,
  layout,
  centred,
  weights: linearOp !== null,
});
