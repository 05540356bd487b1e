import type { TensorSpec } from "../base/tensor.js";
import { add, dtypeOf, full, type Traced, valueAndGrad } from "../engine/lang/index.js";
import type { LinearOp } from "./linear-op.js";

/**
 * Taps measure gradients inside a function. A tap is a zero that is added to a value. It changes no
 * result, and the gradient with respect to the tap is the gradient at that place, on that edge
 * alone. The zeros fold away when the program is lowered.
 *
 *            tap           tap
 *             │             │
 *     x ──────+──▶ (x − μ)/σ ──────+──▶ γ·y + β ──▶ … ──▶ loss
 *           ∂L/∂x         G = ∂L/∂y
 */

/** The traced values at one standardization phase in one pass through a network. */
export interface TracedStandardization {
  /** Input of the standardization. */
  readonly x: Traced;
  /** Its output, in the shape of x. */
  readonly y: Traced;
  /** σ = √(variance + ε), which broadcasts against y; null where the pass does not give it. */
  readonly sigma: Traced | null;
  /** The linear op that made x; null where another op did. */
  readonly linearOp: LinearOp | null;
}

/** Adds a tap to a value. */
export type Tap = (x: Traced) => Traced;

/** A function that adds taps by calling `tap`, always at the same places in the same order. */
export type TappedFunction<S extends TracedStandardization> = (
  parameters: Traced[],
  tap: Tap,
) => {
  readonly value: Traced;
  readonly aux: readonly Traced[];
  readonly standardizations: readonly S[];
};

export interface TappedGradients<S extends TracedStandardization> {
  readonly value: Traced;
  readonly aux: Traced[];
  /** Gradients with respect to the parameters. */
  readonly grads: Traced[];
  /** Gradients at the taps, in the order in which the function added them. */
  readonly tapGrads: readonly Traced[];
  /** The standardizations that the function returned. Their values may be used outside of it. */
  readonly standardizations: readonly S[];
}

/** A tap that adds nothing and records the shape of its value in `specs`. */
export const notingTap =
  (specs: TensorSpec[]): Tap =>
  (x) => {
    specs.push({ shape: [...x.shape], dtype: dtypeOf(x) });
    return x;
  };

/** Value, gradients and the gradients at the taps of `f`, whose taps have the shapes `taps`. */
export function valueAndTapGrads<S extends TracedStandardization>(
  f: TappedFunction<S>,
  parameters: readonly Traced[],
  taps: readonly TensorSpec[],
): TappedGradients<S> {
  const zeros = taps.map(({ shape, dtype }) => full(shape, 0, dtype));
  let seen: readonly S[] = [];
  let ownAux = 0;
  const { value, aux, grads } = valueAndGrad(
    (...values) => {
      const pending = values.slice(parameters.length);
      const { value, aux, standardizations } = f(values.slice(0, parameters.length), (x) => {
        const zero = pending.shift();
        if (zero === undefined) throw new Error(`the function adds more than ${taps.length} taps`);
        return add(x, zero);
      });
      if (pending.length > 0) throw new Error(`the function adds ${pending.length} taps too few`);
      seen = standardizations;
      ownAux = aux.length;
      // Values made inside a differentiated function may leave it only as auxiliary results.
      return { value, aux: [...aux, ...standardizations.flatMap(valuesOf)] };
    },
    [...parameters, ...zeros],
  );
  const outside = aux.slice(ownAux);
  return {
    value,
    aux: aux.slice(0, ownAux),
    grads: grads.slice(0, parameters.length),
    tapGrads: grads.slice(parameters.length),
    standardizations: seen.map((s) => withValues(s, outside.splice(0, valuesOf(s).length))),
  };
}

/** Every traced value of a standardization as a list. */
const valuesOf = ({ x, y, sigma, linearOp }: TracedStandardization): Traced[] => [
  x,
  y,
  ...(sigma ? [sigma] : []),
  ...(linearOp ? [linearOp.value, ...linearOp.operands] : []),
];

/** The inverse of `valuesOf`: the standardization with other values, in the order of that list. */
function withValues<S extends TracedStandardization>(
  standardization: S,
  [x, y, ...rest]: readonly Traced[],
): S {
  const { sigma, linearOp } = standardization;
  const [newSigma, linear] = sigma ? [rest[0], rest.slice(1)] : [null, rest];
  const [value, ...operands] = linear;
  return {
    ...standardization,
    x,
    y,
    sigma: newSigma,
    linearOp: linearOp && { ...linearOp, value, operands },
  };
}
