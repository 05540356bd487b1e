import type { TensorSpec } from "../../base/tensor.js";
import { square, sum, type Traced, type TracedFunction } from "../../engine/lang/index.js";
import { blockedParts } from "../../measure/blocked-parts.js";
import { channelSums } from "../../measure/group-sums.js";
import { estimatedIdentityError, identityError } from "../../measure/identity.js";
import { removedChance } from "../../measure/removed-chance.js";
import { type Tap, type TracedStandardization, valueAndTapGrads } from "../../measure/taps.js";
import { innerProducts, weightPullback } from "../../measure/weight-products.js";
import type { ForwardPass, Loss, OpenedLayer, OpenedModel } from "../../onnx/index.js";
import { diagonalFactor } from "../../onnx/norms/deviation.js";
import { chooseWeights, splitArguments } from "./feeds.js";
import type { LayerResults, ResultLayout } from "./result-layout.js";

/**
 * The function that measures an opened model in one forward and one backward pass. It takes the
 * model's stored weights, then its inputs, then the target if the loss has one. It returns the
 * results that `layout` lists: the loss, for each layer y and G (or their sums) with the numbers
 * that only the graph can compute, and gradients of stored weights.
 */
export function measuringFunction(opened: OpenedModel, loss: Loss, layout: ResultLayout): TracedFunction {
  return (...args) => {
    const { params, inputs, rest } = splitArguments(opened, args);
    const target = loss.target === null ? null : rest[0];
    const chosen = chooseWeights(opened, params, layout.gradients.keys());
    const { value, grads, tapGrads, standardizations } = valueAndTapGrads(
      (weights, tap) => {
        const { outputs, standardizations } = tappedForward(opened, chosen.replaced(weights), inputs, tap);
        return { value: loss.apply(outputs, target), aux: [], standardizations };
      },
      chosen.values,
      opened.layers.flatMap((layer) => tapsOf(layer, opened.precision)),
    );

    const results: Traced[] = new Array(layout.count);
    results[layout.loss] = value;
    for (const [k, position] of [...layout.gradients.values()].entries()) results[position] = grads[k];
    const gradients = tapGrads.values();
    for (const [i, layer] of opened.layers.entries())
      measureLayer(layer, standardizations[i], gradients, { results, at: layout.layers[i] });
    return results;
  };
}

/**
 * The taps of one layer, in the order in which `tappedForward` adds them: at x, at y, at γ, at β.
 */
function tapsOf({ inputShape, affine }: OpenedLayer, dtype: TensorSpec["dtype"]): TensorSpec[] {
  const shapes = [inputShape, inputShape, affine.scale, affine.bias];
  return shapes.flatMap((shape) => (shape === null ? [] : [{ shape, dtype }]));
}

/** The values at one standardization, with the structure of the linear op below. */
interface MeasuredStandardization extends TracedStandardization {
  readonly linearOp: ForwardPass["linearOps"][number];
}

/** Runs the model with taps and notes the values at every standardization. */
function tappedForward(
  opened: OpenedModel,
  params: readonly Traced[],
  inputs: ReadonlyMap<string, Traced>,
  tap: Tap,
): { outputs: ForwardPass["outputs"]; standardizations: MeasuredStandardization[] } {
  const met: Omit<TracedStandardization, "linearOp">[] = [];
  let x: Traced;
  const { outputs, linearOps } = opened.forward(params, inputs, {
    input: (_, value) => {
      x = tap(value);
      return x;
    },
    standardized: (layer, y, sigma) => {
      met[layer] = { x, y, sigma };
      return tap(y);
    },
    scale: (_, gamma) => tap(gamma),
    bias: (_, beta) => tap(beta),
  });
  return { outputs, standardizations: met.map((values, i) => ({ ...values, linearOp: linearOps[i] })) };
}

/**
 * Puts the results of one layer where the layout has them. Takes the layer's gradients from
 * `gradients`.
 */
function measureLayer(
  { layout, centred, affine, norm, varianceFactor }: OpenedLayer,
  { y, sigma, linearOp }: MeasuredStandardization,
  gradients: Iterator<Traced>,
  { results, at }: { readonly results: Traced[]; readonly at: LayerResults },
): void {
  const next = (): Traced => {
    const { value, done } = gradients.next();
    if (done) throw new Error(`${norm.name}: a gradient at a tap is missing`);
    return value;
  };
  if (sigma === null) throw new Error(`${norm.name}: the traced pass gave no σ`);
  const [actual, cotangent] = [next(), next()];
  const parts = blockedParts({
    y,
    cotangent,
    sigma,
    layout,
    centred,
    frozen: norm.frozen !== null,
    diagonalFactor: diagonalFactor(sigma, { ...norm, factor: varianceFactor }),
  });
  const blocked = parts.blocked.map(({ value }) => value);
  const identity = { inverse: parts.inverse, blocked, actual, cotangent };

  if ("sums" in at.features) {
    results[at.features.sums] = channelSums(y, cotangent);
    results[at.identityError] = estimatedIdentityError(identity);
  } else {
    results[at.features.y] = y;
    results[at.features.cotangent] = cotangent;
    results[at.identityError] = identityError(identity);
  }
  results[at.sigma] = sigma;
  if (affine.scale !== null && at.gamma !== null) results[at.gamma] = squaredNorm(next());
  if (affine.bias !== null && at.beta !== null) results[at.beta] = squaredNorm(next());
  if (linearOp === null || at.weights === null) return;
  const pullback = weightPullback(linearOp);
  const [kept, ...removed] = [actual, ...blocked].map(pullback);
  results[at.weights.gram] = innerProducts([kept, ...removed]);
  if (at.weights.chance !== null)
    results[at.weights.chance] = removedChance(
      { linearOp, y, sigma, layout, centred },
      { parts, removed, pullback },
    );
}

const squaredNorm = (x: Traced): Traced => sum(square(x));
