import type { Tensor, TensorSpec } from "../../base/tensor.js";
import type { Device, Program, ProgramCache } from "../../engine/index.js";
import { type TracedFunction, valueAndGrad } from "../../engine/lang/index.js";
import { compileForMeasuring } from "../../measure/compile-for-measuring.js";
import type { Loss, OpenedModel } from "../../onnx/index.js";

/**
 * The loss and the gradients of some stored weights, without anything that is measured at layers. Takes
 * the stored weights, the inputs and the target if the loss has one.
 */
function gradientFunction(opened: OpenedModel, loss: Loss, names: readonly string[]): TracedFunction {
  return (...args) => {
    const params = args.slice(0, opened.params.length);
    const batch = args.slice(params.length);
    const inputs = new Map(opened.inputs.map(({ name }, i) => [name, batch[i]]));
    const target = loss.target === null ? null : batch[opened.inputs.length];
    const positions = names.map((name) => opened.params.findIndex((param) => param.name === name));
    const { value, grads } = valueAndGrad(
      (...weights) => {
        const all = params.slice();
        for (const [k, position] of positions.entries()) all[position] = weights[k];
        return { value: loss.apply(opened.forward(all, inputs).outputs, target), aux: [] };
      },
      positions.map((position) => params[position]),
    );
    return [value, ...grads];
  };
}

/** Compiles `gradientFunction`. */
export async function compileGradients(
  { opened, loss, names }: { opened: OpenedModel; loss: Loss; names: readonly string[] },
  specs: readonly TensorSpec[],
  options: { readonly device: Device; readonly cache?: ProgramCache },
): Promise<Program> {
  return compileForMeasuring(gradientFunction(opened, loss, names), specs, options);
}

/** The results of a gradient program by name. */
export const namedGradients = (names: readonly string[], results: readonly Tensor[]) => ({
  loss: results[0].data[0],
  gradients: new Map(names.map((name, i) => [name, results[i + 1]])),
});
