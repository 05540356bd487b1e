import {
  add,
  broadcastTo,
  div,
  mul,
  square,
  sub,
  sum,
  type Traced,
  type TracedFunction,
  valueAndGrad,
  vjp,
} from "../engine/lang/index.js";
import type { Below, Loss, OpenedModel } from "../onnx/index.js";
import { groupMean } from "./group-mean.js";
import { type TappedPass, Taps } from "./taps.js";

/** Where the results of one layer stand in the list that the compiled measurement returns. */
export interface LayerResults {
  /** Output of the standardization phase, and G = ∂L/∂y; both in the shape of the layer's input. */
  readonly y: number;
  readonly cotangent: number;
  /** σ, one value per group. */
  readonly sigma: number;
  /** ‖∂L/∂x by autodiff − ∂L/∂x by the closed form‖² and ‖G/σ‖². */
  readonly identityError: number;
  readonly identityScale: number;
  /** ‖∂L/∂γ‖² and ‖∂L/∂β‖². */
  readonly gamma: number | null;
  readonly beta: number | null;
  readonly weights: WeightResults | null;
}

/** Squared norms of the weight gradient below and of its parts, and ⟨ΔW_actual, ΔW_open⟩ (THEORY section 5). */
export interface WeightResults {
  readonly name: string;
  readonly open: number;
  readonly first: number;
  readonly diag: number;
  readonly removed: number;
  readonly actual: number;
  readonly inner: number;
}

export interface Measurement {
  /** Takes the model's parameters, then its inputs in the given order, then the target if the loss has one. */
  readonly fn: TracedFunction;
  /** Where the results of each layer stand; known once `fn` has been traced. Result 0 is the loss. */
  readonly layers: LayerResults[];
}

/**
 * The function that measures an opened model in one forward and one backward pass: loss, and for each layer
 * y and G in full (for the float64 theory) together with the scalars that only the graph can know.
 */
export function measurement(opened: OpenedModel, inputNames: readonly string[], loss: Loss): Measurement {
  const layers: LayerResults[] = [];
  const fn: TracedFunction = (...args) => {
    const params = args.slice(0, opened.params.length);
    const batch = args.slice(opened.params.length);
    const inputs = new Map(inputNames.map((name, i) => [name, batch[i]!]));
    const target = loss.target === null ? null : batch[inputNames.length]!;

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
    for (const [i, { layout, centred }] of opened.layers.entries()) {
      const y = standardized[i]!;
      const cotangent = taps.gradient(grads, i, "output")!;
      const actual = taps.gradient(grads, i, "input")!;
      const gamma = taps.gradient(grads, i, "scale");
      const beta = taps.gradient(grads, i, "bias");

      const sigma = broadcastTo(sigmas[i]!, y.shape);
      const open = div(cotangent, sigma);
      const first = centred ? div(groupMean(cotangent, layout), sigma) : null;
      const diag = div(mul(y, groupMean(mul(cotangent, y), layout)), sigma);
      const closed = sub(first === null ? open : sub(open, first), diag);

      layers.push({
        y: put(y),
        cotangent: put(cotangent),
        sigma: put(sigmas[i]!),
        identityError: put(squaredNorm(sub(actual, closed))),
        identityScale: put(squaredNorm(open)),
        gamma: gamma && put(squaredNorm(gamma)),
        beta: beta && put(squaredNorm(beta)),
        weights: below[i] && measureWeights(below[i], { actual, first, diag }, put),
      });
    }
    return results;
  };
  return { fn, layers };
}

/** The parts of the cotangent that enters the linear op below: what passed, and what was blocked. */
interface Cotangents {
  readonly actual: Traced;
  readonly first: Traced | null;
  readonly diag: Traced;
}

/** Pulls each part back to the weights; ΔW_open is the sum of the parts. */
function measureWeights(below: Below, parts: Cotangents, put: (x: Traced) => number): WeightResults {
  const { pullback } = vjp((w) => ({ out: [below.apply(w!, below.operands)], aux: [] }), [below.value]);
  const pull = (cotangent: Traced): Traced => pullback([cotangent])[0]!;
  const actual = pull(parts.actual);
  const diag = pull(parts.diag);
  const first = parts.first === null ? mul(diag, 0) : pull(parts.first);
  const removed = add(first, diag);
  const open = add(actual, removed);
  return {
    name: below.weight,
    open: put(squaredNorm(open)),
    first: put(squaredNorm(first)),
    diag: put(squaredNorm(diag)),
    removed: put(squaredNorm(removed)),
    actual: put(squaredNorm(actual)),
    inner: put(sum(mul(actual, open))),
  };
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
    return { ...b, value: value!, operands };
  });
  return { standardized, sigmas, below };
}
