import { UserError } from "../../base/errors.js";
import { castTensor, showShape } from "../../base/tensor.js";
import * as lang from "../../engine/lang/index.js";
import { showElements } from "../batch-file.js";
import type { LossDefinition } from "./definition.js";
import { areLabels, classAxes, countLabels } from "./labels.js";
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
  attach({ opened: { output, head }, batch, options: { target: key = "label", classAxis: asked } }) {
    const label = requiredTensor(batch, key, "cross-entropy needs class labels");
    const where = `${batch.file}: key "${key}"`;
    if (label.dtype !== "int32" && label.dtype !== "uint32")
      throw new UserError(
        `${where} holds ${showElements(label)}, expected class numbers (int64); for a target of another loss, give --loss and --target ${key}`,
      );
    const { shape } = output.spec;
    const fitting = classAxes(shape, label.shape);
    const chosen = asked === undefined ? fitting[0] : asked < 0 ? asked + shape.length : asked;
    if (asked !== undefined && !fitting.includes(chosen))
      throw new UserError(
        `${where} has shape ${showShape(label.shape)}: --class-axis: expected an axis of the output ${showShape(shape)} without which the labels fit, got ${asked}${fitting.length > 0 ? `; axis ${fitting.join(" or ")} fits` : ""}`,
      );
    const axis = chosen;
    if (axis === undefined)
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
      warnings:
        asked === undefined && fitting.length > 1
          ? [
              `the classes of output "${output.name}" ${showShape(shape)} could lie along axis ${fitting.join(" or ")}: axis ${axis} is taken; give --class-axis ${fitting[1] === shape.length - 1 ? -1 : fitting[1]} for the other`,
            ]
          : [],
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
