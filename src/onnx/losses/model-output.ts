import { UserError } from "../../base/errors.js";
import { showShape, sizeOf } from "../../base/tensor.js";
import * as lang from "../../engine/lang/index.js";
import type { LossDefinition } from "./definition.js";
import { needed } from "./loss.js";

/** The model's output itself, one number: the model computes its loss. */
export const modelOutput: LossDefinition = {
  inferred: {
    reason: "the model's output is one number",
    from: {
      "scalar output without target": ({ scalarOutput, target }) => scalarOutput && !target,
      "scalar output": ({ scalarOutput }) => scalarOutput,
    },
  },
  attach({ opened: { model, inputs, output } }) {
    if (sizeOf(output.spec.shape) !== 1)
      throw new UserError(
        `${model.path}: --loss output expects a model whose output is one number, got "${output.name}" ${showShape(output.spec.shape)}`,
      );
    return {
      reduction: "none",
      description: `the model's own output "${output.name}"`,
      denominator: inputs[0]?.spec.shape[0] ?? 1,
      target: null,
      apply: (outputs) => lang.reshape(needed(outputs.get(output.name), output.name), []),
    };
  },
};
