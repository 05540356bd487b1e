import type { Tensor, TensorSpec } from "../../base/tensor.js";
import type { Device, Program, ProgramCache } from "../../engine/index.js";
import { type TracedFunction, valueAndGrad } from "../../engine/lang/index.js";
import { compileForMeasuring } from "../../measure/compile-for-measuring.js";
import type { Loss, OpenedModel } from "../../onnx/index.js";
import { chooseWeights, splitArguments } from "../measuring/feeds.js";

/** The loss of an opened model, and the stored weights that it is differentiated by. */
export interface WeightGradients {
  readonly opened: OpenedModel;
  readonly loss: Loss;
  /** Names of the stored weights. */
  readonly names: readonly string[];
}

/** The loss and its gradients, as a function of `Feeds` in order. It measures nothing at layers. */
const gradientFunction =
  ({ opened, loss, names }: WeightGradients): TracedFunction =>
  (...args) => {
    const { params, inputs, rest } = splitArguments(opened, args);
    const target = loss.target === null ? null : rest[0];
    const chosen = chooseWeights(opened, params, names);
    const { value, grads } = valueAndGrad((...weights) => {
      const { outputs } = opened.forward(chosen.replaced(weights), inputs);
      return { value: loss.apply(outputs, target), aux: [] };
    }, chosen.values);
    return [value, ...grads];
  };

/** Compiles the loss and its gradients. Its results are read by `namedGradients`. */
export const compileGradients = (
  what: WeightGradients,
  specs: readonly TensorSpec[],
  options: { readonly device: Device; readonly cache?: ProgramCache },
): Promise<Program> => compileForMeasuring(gradientFunction(what), specs, options);

/** The results of a gradient program by name. */
export const namedGradients = (names: readonly string[], results: readonly Tensor[]) => ({
  loss: results[0].data[0],
  gradients: new Map(names.map((name, i) => [name, results[i + 1]])),
});
