import { UserError } from "../base/errors.js";
import { castTensor, showShape, sizeOf, type Tensor, type TensorSpec } from "../base/tensor.js";
import {
  type Loss,
  type LossKind,
  type LossOptions,
  type OpenedLayer,
  type OpenedModel,
  openModel,
  resolveLoss,
} from "../onnx/index.js";
import type { LoadedModel } from "./load.js";

/** A model and a loss as traced functions, with the tensors that they are run on. */
export interface OpenedAudit {
  readonly opened: OpenedModel;
  readonly loss: Loss;
  /** The batch's tensors for `opened.inputs`, and the target if the loss has one. */
  readonly inputs: readonly Tensor[];
  readonly target: readonly Tensor[];
}

export interface OpenAuditOptions {
  readonly loss?: LossKind;
  readonly target?: string;
  /** Axis of the classes in the output, where the shapes do not tell it. */
  readonly classAxis?: number;
  readonly precision: "float32" | "float64";
}

/**
 * Splits the model's normalizations into their phases and attaches the loss.
 * @throws UserError where an op is unsupported, the loss does not fit, or the batch is too small.
 */
export function open(loaded: LoadedModel, options: OpenAuditOptions): OpenedAudit {
  const { batch, inputs } = loaded;
  const opened = openFor(loaded, inputs, { precision: options.precision, where: batch.file });
  return { opened, ...attachLoss(opened, { batch, inputs }, options) };
}

/** Opens the model for inputs of these shapes. `where` names the batch in messages. */
export function openFor(
  { model, norms }: Pick<LoadedModel, "model" | "norms">,
  inputs: ReadonlyMap<string, TensorSpec>,
  { precision, where }: Pick<OpenAuditOptions, "precision"> & { readonly where: string },
): OpenedModel {
  const opened = openModel(model, norms, { inputs, precision });
  const { name, spec } = opened.output;
  const declared = model.outputs.find((output) => output.name === name)?.shape;
  if (declared?.length === 0 && sizeOf(spec.shape) !== 1)
    throw new UserError(
      `${model.path}: expected one number from output "${name}", as it is declared, got ${showShape(spec.shape)}; name another with --model-output`,
    );
  checkBatchSize(opened.layers, where);
  return opened;
}

/** Attaches the loss, with the tensors of a batch that fits the opened model. */
export function attachLoss(
  opened: OpenedModel,
  { batch, inputs }: Pick<LoadedModel, "batch" | "inputs">,
  { loss: kind, ...options }: Omit<OpenAuditOptions, "precision"> & Pick<LossOptions, "reason">,
): Omit<OpenedAudit, "opened"> {
  const [input] = inputs.values();
  const { target, classAxis, reason } = options;
  const loss = resolveLoss(kind, opened, batch, { target, classAxis, reason, input });
  return { loss, ...feedsOf(opened, loss, inputs) };
}

/**
 * The tensors for the model's inputs and for the loss, in the order in which a program takes them.
 */
function feedsOf(
  opened: OpenedModel,
  loss: Loss,
  inputs: ReadonlyMap<string, Tensor>,
): Pick<OpenedAudit, "inputs" | "target"> {
  return {
    inputs: opened.inputs.map(({ name, spec }) => {
      const tensor = inputs.get(name);
      if (tensor === undefined) throw new Error(`no tensor for input "${name}"`);
      return castTensor(tensor, spec.dtype);
    }),
    target: loss.target === null ? [] : [loss.target],
  };
}

/** A group of one element has no variance. One sample with many positions has. */
function checkBatchSize(layers: readonly OpenedLayer[], where: string): void {
  for (const { norm, samples, layout } of layers)
    if (layout.outer * layout.inner === 1 && !norm.frozen)
      throw new UserError(
        `${where}: ${norm.name} expects at least 2 samples, got a batch of ${samples} and one position each, so that nothing varies; give a larger batch`,
      );
}
