import type { Tensor } from "../../base/tensor.js";
import { add, mul, reciprocal, sqrt, square, sub, type Traced } from "../../engine/lang/index.js";
import { groupMean } from "../../measure/group-mean.js";
import { valueAndTapGrads } from "../../measure/taps.js";
import { weightProducts } from "../../measure/weight-products.js";
import { BlockedSharesAccumulator, weightLoss, weightSumsFromGram } from "../../theory/index.js";
import { normProbe, type ProbedNorm } from "./norm-probe.js";
import type { ProbedValueAndGrad } from "./procedure.js";
import type { StepPlan } from "./step-plan.js";

/**
 * Records what the norm layers of one traced training step block. Taps before and after each
 * standardization leave the results of the step as they are, bit for bit. The gradients at the taps
 * are ∂L/∂x and G = ∂L/∂y. G/σ is the gradient that would reach x if the statistics were constants.
 *
 * @param plan - From `planStep` with the same `chosen`.
 * @returns `valueAndGrad` for the step to call, and `outputs`, which has all recorded values once
 * the step has been traced. `recordedNumbers` reads them.
 */
export function recordStep(
  plan: StepPlan,
  chosen: (layer: string) => boolean,
): { readonly valueAndGrad: ProbedValueAndGrad; readonly outputs: readonly Traced[] } {
  const outputs: Traced[] = [];
  const planned = plan.differentiations.values();
  const valueAndGrad: ProbedValueAndGrad = (f, parameters) => {
    const { value: differentiation, done } = planned.next();
    if (done) throw new Error("the step differentiates more often than it did when it was planned");
    const { value, aux, grads, tapGrads, standardizations } = valueAndTapGrads(
      (values, tap) => {
        const probed: ProbedNorm[] = [];
        const results = f(values, (pass) => normProbe(pass, { chosen, tap, probed }));
        return { ...results, standardizations: probed };
      },
      parameters,
      differentiation.taps,
    );
    for (const [i, norm] of standardizations.entries())
      outputs.push(...recordedValues(norm, { actual: tapGrads[2 * i], cotangent: tapGrads[2 * i + 1] }));
    return { value, aux, grads };
  };
  return { valueAndGrad, outputs };
}

/**
 * y and G of one layer. If a linear op lies right below, also the inner products of ΔW_actual and
 * ΔW_first + ΔW_diag with each other.
 */
function recordedValues(
  { x, y, layout, centred, epsilon, linearOp }: ProbedNorm,
  { actual, cotangent }: { readonly actual: Traced; readonly cotangent: Traced },
): Traced[] {
  if (linearOp === null) return [y, cotangent];
  const deviation = centred ? sub(x, groupMean(x, layout)) : x;
  const variance = groupMean(square(deviation), layout);
  const open = mul(cotangent, reciprocal(sqrt(add(variance, epsilon))));
  return [y, cotangent, weightProducts(linearOp, [actual, sub(open, actual)])];
}

/**
 * The numbers of a recorded step: `blocked/layer`, `first/layer` and `diag/layer` as shares of the
 * gradient energy, and `removed/layer` and `kept/layer` of the weights below (docs/theory.md,
 * section 6). Computed in float64 from the recorded y and G.
 *
 * @param plan - The plan of the step.
 * @param outputs - The values of `recordStep(…).outputs` that the program returned.
 */
export function recordedNumbers(plan: StepPlan, outputs: readonly Tensor[]): Record<string, number> {
  const numbers: Record<string, number> = {};
  const values = outputs.values();
  const next = () => values.next().value?.data as Float32Array;
  for (const { name, layout, centred, weights } of plan.differentiations.flatMap(({ layers }) => layers)) {
    const accumulator = new BlockedSharesAccumulator(layout, { centred });
    accumulator.add(next(), next());
    const { energy, first, diag } = accumulator.result().total;
    const share = (part: number) => (energy === 0 ? 0 : part / energy);
    numbers[`blocked/${name}`] = share(first + diag);
    numbers[`first/${name}`] = share(first);
    numbers[`diag/${name}`] = share(diag);
    if (!weights) continue;
    const { removed, kept } = weightLoss(weightSumsFromGram(next()));
    numbers[`removed/${name}`] = removed;
    numbers[`kept/${name}`] = kept;
  }
  return numbers;
}
