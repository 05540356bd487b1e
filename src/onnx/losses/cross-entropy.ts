import { UserError } from "../../base/errors.js";
import { castTensor, showShape } from "../../base/tensor.js";
import * as lang from "../../engine/lang/index.js";
import { showElements } from "../batch-file.js";
import type { LossDefinition } from "./definition.js";
import { areLabels, classAxis, countLabels } from "./labels.js";
import { needed } from "./loss.js";
import { requiredTensor } from "./targets.js";

/**
 * −mean log p(label), over samples and, if there are any, positions. Ignored labels do not count.
 * Reads log p from the model's softmax if one ends the model; else takes the output as logits.
 */
export const crossEntropy: LossDefinition = {
  inferred: {
    reason: "the batch has labels",
    from: {
      "target of labels": ({ target, shape }) => areLabels(target, shape),
      labels: ({ label, shape }) => areLabels(label, shape),
      "labels that do not fit": ({ label, shape }) => label !== undefined && shape.length > 1,
    },
  },
  attach({ opened: { output, head }, batch, options: { target: key = "label" } }) {
    const label = requiredTensor(batch, key, "cross-entropy needs class labels");
    const where = `${batch.file}: key "${key}"`;
    if (label.dtype !== "int32" && label.dtype !== "uint32")
      throw new UserError(
        `${where} holds ${showElements(label)}, expected class numbers (int64); for a target of another loss, give --loss and --target ${key}`,
      );
    const { shape } = output.spec;
    const axis = classAxis(shape, label.shape);
    if (axis === null)
      throw new UserError(
        `${where} has shape ${showShape(label.shape)}, expected one label for each of ${showShape(shape)} without its axis of classes`,
      );
    const classes = shape[axis];
    const counted = countLabels(where, label, classes);
    const softmax = head && head.activation !== "sigmoid" ? head : null;
    return {
      reduction: "mean",
      description: `cross-entropy of ${softmax ? `the model's ${softmax.activation}` : "logits"} "${output.name}" against "${key}", mean over ${counted} labels`,
      denominator: counted,
      target: castTensor({ ...label, shape: shape.with(axis, 1) }, "int32"),
      apply(outputs, labels) {
        const logProbabilities = softmax
          ? needed(outputs.get(softmax.key), softmax.key)
          : lang.logSoftmax(needed(outputs.get(output.name), output.name), axis);
        const numbers = Int32Array.from({ length: classes }, (_, i) => i);
        const classShape = shape.map((n, i) => (i === axis ? n : 1));
        const hit = lang.equal(needed(labels, "the labels"), lang.constant(numbers, classShape, "int32"));
        return lang.mul(lang.sum(lang.where(hit, logProbabilities, 0)), -1 / counted);
      },
    };
  },
};
