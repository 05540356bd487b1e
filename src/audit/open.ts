import { UserError } from "../base/errors.js";
import { castTensor, showShape, sizeOf, type Tensor } from "../base/tensor.js";
import {
  type Loss,
  type LossKind,
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
export function open(
  loaded: LoadedModel,
  { loss: kind, target, classAxis, precision }: OpenAuditOptions,
): OpenedAudit {
  const { model, norms, batch, inputs } = loaded;
  const opened = openModel(model, norms, { inputs, precision });
  const { spec } = opened.output;
  if (
    model.outputs.find(({ name }) => name === opened.output.name)?.shape?.length === 0 &&
    sizeOf(spec.shape) !== 1
  )
    throw new UserError(
      `${model.path}: expected one number from output "${opened.output.name}", as it is declared, got ${showShape(spec.shape)}; name another with --model-output`,
    );
  const [firstInput] = inputs.values();
  const loss = resolveLoss(kind, opened, batch, { target, input: firstInput, classAxis });
  checkBatchSize(opened.layers, batch.file);
  return {
    opened,
    loss,
    ...feedsOf(opened, loss, inputs),
  };
}

/**
 * The tensors for the model's inputs and for the loss, in the order in which a program takes them.
 */
export function feedsOf(
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
export function checkBatchSize(layers: readonly OpenedLayer[], where: string): void {
  for (const { norm, samples, layout } of layers)
    if (layout.outer * layout.inner === 1 && !norm.frozen)
      throw new UserError(
        `${where}: ${norm.name} expects at least 2 samples, got a batch of ${samples} and one position each, so that nothing varies; give a larger batch`,
      );
}
