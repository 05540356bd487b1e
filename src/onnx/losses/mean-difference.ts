import { UserError } from "../../base/errors.js";
import { showShape, sizeOf, type Tensor } from "../../base/tensor.js";
import type { Traced } from "../../engine/lang/index.js";
import * as lang from "../../engine/lang/index.js";
import type { LossContext, LossDefinition } from "./definition.js";
import { needed } from "./loss.js";
import { floatTarget, sameShape, shapedAs } from "./targets.js";

/** mean (output − target)². */
export const meanSquaredError: LossDefinition = {
  inferred: {
    reason: "output and target, or input, have the same shape",
    from: {
      // Class numbers under `label` are no regression target, unless the user asks for that key.
      target: ({ target, shape, targetIsLabel }) =>
        target !== undefined && sameShape(target.shape, shape) && !targetIsLabel,
      "input as target": ({ input, shape }) => input !== undefined && sameShape(input.shape, shape),
    },
  },
  attach: (context) => meanOf({ loss: "mse", title: "squared error", of: lang.square }, context),
};

/** mean |output − target|. */
export const meanAbsoluteError: LossDefinition = {
  inferred: null,
  attach: (context) => meanOf({ loss: "l1", title: "absolute error", of: lang.abs }, context),
};

interface DifferenceLoss {
  readonly loss: "mse" | "l1";
  readonly title: string;
  /** Applied to the difference of output and target. */
  of(difference: Traced): Traced;
}

function meanOf(
  { loss, title, of }: DifferenceLoss,
  context: LossContext,
): ReturnType<LossDefinition["attach"]> {
  const { output } = context.opened;
  const { target, from } = targetOrInput(loss, context);
  return {
    reduction: "mean",
    description: `${title} of "${output.name}" against ${from}, mean over ${sizeOf(output.spec.shape)} elements`,
    denominator: sizeOf(output.spec.shape),
    target,
    apply: (outputs, traced) =>
      lang.mean(of(lang.sub(needed(outputs.get(output.name), output.name), needed(traced, "the target")))),
  };
}

/**
 * The target of the batch file. If there is none, the model's input: the model is an autoencoder.
 */
function targetOrInput(
  loss: string,
  { opened, batch, options }: LossContext,
): { target: Tensor; from: string } {
  const output = opened.output.spec;
  const { target: asked, input } = options;
  const key = asked ?? "target";
  if (asked !== undefined || batch.tensors.has(key) || !input)
    return { target: floatTarget(batch, { key, output, loss }), from: `"${key}"` };
  if (!sameShape(input.shape, output.shape))
    throw new UserError(
      `${batch.file}: no key "target" for ${loss}, and the model's input ${showShape(input.shape)} cannot stand in for it: the output is ${showShape(output.shape)}`,
    );
  return { target: shapedAs(output, input), from: "the model's input" };
}
