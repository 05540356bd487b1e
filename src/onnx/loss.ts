import { UserError } from "../base/errors.js";
import { castTensor, showShape, sizeOf, type Tensor, type TensorSpec } from "../base/tensor.js";
import type { Traced } from "../engine/lang/index.js";
import * as lang from "../engine/lang/index.js";
import { type Batch, showElements, showKeys } from "./batch.js";
import type { ForwardPass, OpenedModel } from "./open/opened-model.js";

export const lossKinds = ["cross-entropy", "mse", "bce", "l1", "output"] as const;
export type LossKind = (typeof lossKinds)[number];

/** A loss attached to an opened model. */
export interface Loss {
  readonly kind: LossKind;
  readonly reduction: "mean" | "none";
  /** What is computed and why, in words. */
  readonly description: string;
  /** What the output is compared with, ready to be fed; null where nothing is. */
  readonly target: Tensor | null;
  /** The scalar loss of traced outputs. */
  apply(outputs: ForwardPass["outputs"], target: Traced | null): Traced;
}

export interface LossOptions {
  /** Key of the labels or targets in the batch; `label` or `target` by default. */
  readonly target?: string;
  /** The tensor that the model's first input takes; what `mse` and `l1` compare with if no target is given. */
  readonly input?: Tensor;
}

/**
 * The loss of kind `kind`, or the one that model and batch suggest, which the description then says.
 * @throws UserError naming batch key, expected and got where labels or targets do not fit.
 */
export function resolveLoss(
  kind: LossKind | undefined,
  opened: OpenedModel,
  batch: Batch,
  options: LossOptions = {},
): Loss {
  const chosen = kind ?? inferKind(opened, batch, options);
  const loss = makers[chosen](opened, batch, options);
  return kind ? loss : { ...loss, description: `${loss.description} (chosen because ${reasons[chosen]})` };
}

const reasons: Readonly<Record<LossKind, string>> = {
  output: "the model's output is one number",
  "cross-entropy": "the batch has labels",
  bce: "the target is binary",
  mse: "output and target, or input, have the same shape",
  l1: "asked for",
};

/** The loss that the shapes allow, most telling first. */
function inferKind({ output, head, model }: OpenedModel, batch: Batch, options: LossOptions): LossKind {
  const { shape } = output.spec;
  const key = options.target ?? (batch.tensors.has("target") ? "target" : "label");
  const target = batch.tensors.get(key);
  if (sizeOf(shape) === 1 && !target) return "output";
  if (target && areLabels(target, shape)) return "cross-entropy";
  if (target && sameShape(target.shape, shape)) {
    if (isBinary(target, head)) return "bce";
    // What is called a label is no target of a regression unless the user says so.
    if (key !== "label" || options.target) return "mse";
  }
  const label = batch.tensors.get("label");
  if (label && areLabels(label, shape)) return "cross-entropy";
  if (options.input && sameShape(options.input.shape, shape)) return "mse";
  if (sizeOf(shape) === 1) return "output";
  // Labels that do not fit: cross-entropy says what it expected of them.
  if (label && shape.length > 1) return "cross-entropy";
  throw new UserError(
    `${model.path}: cannot tell the loss from output "${output.name}" ${showShape(shape)} and a batch with ${showKeys(batch)}; say --loss ${lossKinds.join("|")}`,
  );
}

/** Whole numbers, one for each output without its axis of two classes or more. */
function areLabels(tensor: Tensor, output: readonly number[]): boolean {
  const axis = classAxis(output, tensor.shape);
  return !lang.isFloat(tensor.dtype) && axis !== null && output[axis] > 1;
}

/** Whole numbers 0 and 1, or any target of a sigmoid that is no image. */
function isBinary({ dtype, shape, data }: Tensor, head: OpenedModel["head"]): boolean {
  if (!lang.isFloat(dtype)) return data.every((v) => v === 0 || v === 1);
  return head?.activation === "sigmoid" && shape.length <= 2;
}

type Maker = (opened: OpenedModel, batch: Batch, options: LossOptions) => Loss;

/** −mean log p(label): over samples, and over positions where there are any. Label −100 is ignored. */
const crossEntropy: Maker = ({ output, head }, batch, { target: key = "label" }) => {
  const label = required(batch, key, "cross-entropy needs class labels");
  const where = `${batch.file}: key "${key}"`;
  if (label.dtype !== "int32" && label.dtype !== "uint32")
    throw new UserError(
      `${where} holds ${showElements(label)}, expected class numbers (int64); if they are a target, say which --loss, and --target ${key}`,
    );
  const { shape } = output.spec;
  const axis = classAxis(shape, label.shape);
  if (axis === null)
    throw new UserError(
      `${where} has shape ${showShape(label.shape)}, expected one label for each of ${showShape(shape)} without its axis of classes`,
    );
  const classes = shape[axis];
  const counted = checkLabels(where, label, classes);
  const before = head && head.activation !== "sigmoid" ? head : null;
  return {
    kind: "cross-entropy",
    reduction: "mean",
    description: `cross-entropy of ${before ? `the model's ${before.activation}` : "logits"} "${output.name}" against "${key}", mean over ${counted} labels`,
    target: castTensor({ ...label, shape: shape.with(axis, 1) }, "int32"),
    apply(outputs, labels) {
      const logProbabilities = before
        ? outputs.get(before.key)!
        : lang.logSoftmax(outputs.get(output.name)!, axis);
      const numbers = Int32Array.from({ length: classes }, (_, i) => i);
      const classShape = shape.map((n, i) => (i === axis ? n : 1));
      const hit = lang.equal(labels!, lang.constant(numbers, classShape, "int32"));
      return lang.mul(lang.sum(lang.where(hit, logProbabilities, 0)), -1 / counted);
    },
  };
};

/** The label of samples or positions that do not count, as in PyTorch. */
export const ignoredLabel = -100;

/** Number of labels that count; throws at the first one that is no class. */
function checkLabels(where: string, label: Tensor, classes: number): number {
  let counted = 0;
  for (const [i, value] of label.data.entries()) {
    if (value === ignoredLabel) continue;
    if (value < 0 || value >= classes)
      throw new UserError(
        `${where}: label ${value} of element ${i} is out of range for ${classes} classes (0 to ${classes - 1})`,
      );
    counted++;
  }
  if (counted === 0) throw new UserError(`${where} holds no label to learn from`);
  return counted;
}

/** The axis of classes: what is left of the output's shape without it is the shape of the labels. */
function classAxis(output: readonly number[], label: readonly number[]): number | null {
  const long = (shape: readonly number[]) => shape.filter((n) => n !== 1).join();
  const candidates = output.length < 2 ? [] : [1, output.length - 1];
  return candidates.find((axis) => long(output.toSpliced(axis, 1)) === long(label)) ?? null;
}

/** A mean of `f` over all pairs of output and target. */
function elementwise(kind: "mse" | "l1", name: string, f: (difference: Traced) => Traced): Maker {
  return ({ output }, batch, options) => {
    const { target, from } = targetOrInput(kind, output.spec, batch, options);
    return {
      kind,
      reduction: "mean",
      description: `${name} of "${output.name}" against ${from}, mean over ${sizeOf(output.spec.shape)} elements`,
      target,
      apply: (outputs, t) => lang.mean(f(lang.sub(outputs.get(output.name)!, t!))),
    };
  };
}

/** The target of the batch, else the model's input (an autoencoder). */
function targetOrInput(
  kind: string,
  spec: TensorSpec,
  batch: Batch,
  { target: asked, input }: LossOptions,
): { target: Tensor; from: string } {
  const key = asked ?? "target";
  if (asked === undefined && !batch.tensors.has(key) && input) {
    if (!sameShape(input.shape, spec.shape))
      throw new UserError(
        `${batch.file}: no key "target" for ${kind}, and the model's input ${showShape(input.shape)} cannot stand in for it: the output is ${showShape(spec.shape)}`,
      );
    return { target: shapedAs(spec, input), from: "the model's input" };
  }
  return { target: floatTarget(key, spec, batch, kind), from: `"${key}"` };
}

/** Binary cross-entropy from logits: mean of max(x, 0) − x·t + log(1 + e^−|x|), which neither tail overflows. */
const binaryCrossEntropy: Maker = ({ output, head }, batch, { target: asked }) => {
  const key = asked ?? (batch.tensors.has("target") || !batch.tensors.has("label") ? "target" : "label");
  const target = floatTarget(key, output.spec, batch, "bce");
  const bad = target.data.findIndex((v) => !(v >= 0 && v <= 1));
  if (bad >= 0)
    throw new UserError(
      `${batch.file}: key "${key}": bce expects targets from 0 to 1, got ${target.data[bad]} at element ${bad}`,
    );
  const sigmoid = head?.activation === "sigmoid" ? head : null;
  return {
    kind: "bce",
    reduction: "mean",
    description: `binary cross-entropy of ${sigmoid ? `the model's sigmoid "${output.name}"` : `"${output.name}" taken as logits (no sigmoid ends the model)`} against "${key}", mean over ${sizeOf(output.spec.shape)} elements`,
    target,
    apply(outputs, t) {
      const x = outputs.get(sigmoid ? sigmoid.key : output.name)!;
      return lang.mean(lang.sub(lang.softplus(x), lang.mul(x, t!)));
    },
  };
};

/** The model computes its loss itself. */
const modelOutput: Maker = ({ model, output }) => {
  if (sizeOf(output.spec.shape) !== 1)
    throw new UserError(
      `${model.path}: --loss output expects a model whose output is one number, got "${output.name}" ${showShape(output.spec.shape)}`,
    );
  return {
    kind: "output",
    reduction: "none",
    description: `the model's own output "${output.name}"`,
    target: null,
    apply: (outputs) => lang.reshape(outputs.get(output.name)!, []),
  };
};

const makers: Readonly<Record<LossKind, Maker>> = {
  "cross-entropy": crossEntropy,
  mse: elementwise("mse", "squared error", lang.square),
  l1: elementwise("l1", "absolute error", lang.abs),
  bce: binaryCrossEntropy,
  output: modelOutput,
};

function required(batch: Batch, key: string, why: string): Tensor {
  const found = batch.tensors.get(key);
  if (!found) throw new UserError(`${batch.file}: no key "${key}": ${why}; the batch has ${showKeys(batch)}`);
  return found;
}

/** A target with as many elements as the output, axes of size 1 aside. */
function floatTarget(key: string, spec: TensorSpec, batch: Batch, kind: string): Tensor {
  const target = required(batch, key, `${kind} needs a target`);
  if (!sameShape(target.shape, spec.shape))
    throw new UserError(
      `${batch.file}: key "${key}" has shape ${showShape(target.shape)}, expected ${showShape(spec.shape)} as the model's output`,
    );
  return shapedAs(spec, target);
}

/** `tensor` in the output's shape and precision: shapes that differ by axes of size 1 would broadcast wrongly. */
const shapedAs = (spec: TensorSpec, tensor: Tensor): Tensor =>
  castTensor({ ...tensor, shape: spec.shape }, spec.dtype);

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.filter((n) => n !== 1).join() === b.filter((n) => n !== 1).join();
