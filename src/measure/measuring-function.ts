import {
  mul,
  reciprocal,
  square,
  sum,
  type Traced,
  type TracedFunction,
  valueAndGrad,
} from "../engine/lang/index.js";
import type { Loss, OpenedModel } from "../onnx/index.js";
import { groupMean } from "./group-mean.js";
import { channelSums, isSummedInGraph } from "./group-sums.js";
import { estimatedIdentityError, identityError } from "./identity.js";
import { type TappedPass, Taps } from "./taps.js";
import { weightGram } from "./weight-products.js";

/** Where the results of one layer stand in the list that the compiled measurement returns. */
export interface LayerResults {
  readonly features: FeatureResults;
  /** σ, one value per group. */
  readonly sigma: number;
  /** ‖∂L/∂x by autodiff − ∂L/∂x by the closed form‖², estimated where `features` are summed. */
  readonly identityError: number;
  /** ‖∂L/∂γ‖² and ‖∂L/∂β‖². */
  readonly gamma: number | null;
  readonly beta: number | null;
  readonly weights: WeightResults | null;
}

/** y and G = ∂L/∂y, in full and in the shape of the layer's input, or what `channelSums` makes of them. */
export type FeatureResults = { readonly y: number; readonly cotangent: number } | { readonly sums: number };

/** The parts that the weight gradient below divides into. */
export interface WeightResults {
  readonly name: string;
  /** Inner products of ΔW_actual, ΔW_diag and, where something is centred, ΔW_first with each other (docs/theory.md, section 6). */
  readonly gram: number;
}

export interface Measurement {
  /** Takes the model's parameters, then its inputs in the given order, then the target if the loss has one. */
  readonly fn: TracedFunction;
  /** Where the results of each layer stand; known once `fn` has been traced. Result 0 is the loss. */
  readonly layers: LayerResults[];
}

/**
 * The function that measures an opened model in one forward and one backward pass: loss, and for each layer
 * y and G (in full for the float64 theory, or as their sums where they are large) together with the scalars that only the
 * graph can know. `full` asks for all in full.
 */
export function measurement(
  opened: OpenedModel,
  inputNames: readonly string[],
  loss: Loss,
  { full = false }: { readonly full?: boolean } = {},
): Measurement {
  const layers: LayerResults[] = [];
  const fn: TracedFunction = (...args) => {
    const params = args.slice(0, opened.params.length);
    const batch = args.slice(opened.params.length);
    const inputs = new Map(inputNames.map((name, i) => [name, batch[i]]));
    const target = loss.target === null ? null : batch[inputNames.length];

    const taps = Taps.place(opened, params, inputs);
    // Values made inside the differentiated function leave it as `aux`; what is not a value leaves by this variable.
    let pass: TappedPass | undefined;
    const { value, aux, grads } = valueAndGrad((...values) => {
      pass = taps.forward(values);
      return { value: loss.apply(pass.outputs, target), aux: packed(pass) };
    }, taps.zeros());
    const { standardized, sigmas, below } = unpacked(pass!, aux);

    const results: Traced[] = [value];
    const put = (x: Traced): number => results.push(x) - 1;
    layers.length = 0;
    for (const [i, layer] of opened.layers.entries()) {
      const { layout, centred } = layer;
      const y = standardized[i];
      const cotangent = taps.gradient(grads, i, "output")!;
      const actual = taps.gradient(grads, i, "input")!;
      const gamma = taps.gradient(grads, i, "scale");
      const beta = taps.gradient(grads, i, "bias");
      const summed = !full && isSummedInGraph(layer, opened.precision);

      // Everything that is one number per group is multiplied out first, so that few passes run over whole tensors.
      const inverse = reciprocal(sigmas[i]);
      const perGroup = (x: Traced) => mul(groupMean(x, layout), inverse);
      const diag = mul(y, perGroup(mul(cotangent, y)));
      const blocked = centred ? [diag, perGroup(cotangent)] : [diag];
      const identity = { actual, blocked, cotangent, inverse };

      layers.push({
        features: summed
          ? { sums: put(channelSums(y, cotangent)) }
          : { y: put(y), cotangent: put(cotangent) },
        sigma: put(sigmas[i]),
        identityError: put(summed ? estimatedIdentityError(identity) : identityError(identity)),
        gamma: gamma && put(squaredNorm(gamma)),
        beta: beta && put(squaredNorm(beta)),
        weights: below[i] && {
          name: below[i].weight,
          gram: put(weightGram(below[i], [actual, ...blocked])),
        },
      });
    }
    return results;
  };
  return { fn, layers };
}

const squaredNorm = (x: Traced): Traced => sum(square(x));

/** Everything of a pass that was computed, as one list. */
function packed(pass: TappedPass): Traced[] {
  const operands = pass.below.flatMap((below) => (below ? [below.value, ...below.operands] : []));
  return [...pass.standardized, ...pass.sigmas, ...operands];
}

/** The inverse of `packed`, with the values that `aux` holds after differentiation. */
function unpacked(pass: TappedPass, aux: readonly Traced[]): Omit<TappedPass, "outputs"> {
  const rest = [...aux];
  const take = (count: number) => rest.splice(0, count);
  const standardized = take(pass.standardized.length);
  const sigmas = take(pass.sigmas.length);
  const below = pass.below.map((b) => {
    if (b === null) return null;
    const [value, ...operands] = take(1 + b.operands.length);
    return { ...b, value: value, operands };
  });
  return { standardized, sigmas, below };
}
