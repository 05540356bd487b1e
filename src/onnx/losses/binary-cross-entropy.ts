import { UserError } from "../../base/errors.js";
import { sizeOf, type Tensor } from "../../base/tensor.js";
import * as lang from "../../engine/lang/index.js";
import type { LossClues } from "./clues.js";
import type { LossDefinition } from "./definition.js";
import { needed } from "./loss.js";
import { floatTarget, sameShape } from "./targets.js";

/**
 * Binary cross-entropy from logits x and targets t from 0 to 1: mean softplus(x) − x·t. Starting
 * from logits keeps saturated sigmoids finite. Reads the logits below the model's sigmoid if one
 * ends the model; else takes the output as logits.
 */
export const binaryCrossEntropy: LossDefinition = {
  inferred: { reason: "the target is binary", from: { "binary target": hasBinaryTarget } },
  attach({ opened: { output, head }, batch, options: { target: asked } }) {
    const { tensors } = batch;
    const key = asked ?? (tensors.has("target") || !tensors.has("label") ? "target" : "label");
    const target = floatTarget(batch, { key, output: output.spec, loss: "bce" });
    const bad = target.data.findIndex((v) => !(v >= 0 && v <= 1));
    if (bad >= 0)
      throw new UserError(
        `${batch.file}: key "${key}": bce expects targets from 0 to 1, got ${target.data[bad]} at element ${bad}`,
      );
    const sigmoid = head?.activation === "sigmoid" ? head : null;
    const logits = sigmoid ? sigmoid.key : output.name;
    return {
      reduction: "mean",
      description: `binary cross-entropy of ${sigmoid ? `the model's sigmoid "${output.name}"` : `"${output.name}" taken as logits (no sigmoid ends the model)`} against "${key}", mean over ${sizeOf(output.spec.shape)} elements`,
      denominator: sizeOf(output.spec.shape),
      target,
      apply(outputs, traced) {
        const x = needed(outputs.get(logits), logits);
        return lang.mean(lang.sub(lang.softplus(x), lang.mul(x, needed(traced, "the target"))));
      },
    };
  },
};

/**
 * Whether the target has the output's shape and holds only the numbers 0 and 1. Floats count behind
 * a sigmoid, unless they are images (more than 2 axes). One-hot rows are classes, unless a sigmoid
 * ends the model.
 */
function hasBinaryTarget({ target, shape, head }: LossClues): boolean {
  if (!target || !sameShape(target.shape, shape)) return false;
  const sigmoid = head?.activation === "sigmoid";
  if (!Array.prototype.every.call(target.data, (v) => v === 0 || v === 1)) return false;
  if (lang.isFloat(target.dtype)) return sigmoid && target.shape.length <= 2;
  return sigmoid || !hasOneHotRows(target);
}

/** Whether each row of a matrix holds one 1 and otherwise 0. */
function hasOneHotRows({ data, shape }: Tensor): boolean {
  const [rows, columns] = shape;
  if (shape.length !== 2 || columns < 2) return false;
  const sums = new Array<number>(rows).fill(0);
  for (let i = 0; i < data.length; i++) sums[Math.floor(i / columns)] += Number(data[i]);
  return sums.every((sum) => sum === 1);
}
