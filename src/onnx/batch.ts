import { UserError } from "../base/errors.js";
import { showShape, type Tensor } from "../base/tensor.js";
import { isFloat } from "../engine/lang/index.js";
import type { OnnxModel, ValueInfo } from "./model.js";

/** A batch: its file, for messages, and its tensors by key. */
export interface Batch {
  readonly file: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/**
 * The tensors of a batch that go to the inputs of a model, by ONNX name. The key is the input's name; a
 * model with one input also takes `input`, or the key that `options.input` names.
 * @throws UserError naming key, expected and got where one is missing or does not fit.
 */
export function matchInputs(
  model: OnnxModel,
  batch: Batch,
  options: { readonly input?: string } = {},
): Map<string, Tensor> {
  const matched = new Map<string, Tensor>();
  for (const [i, input] of model.inputs.entries()) {
    const key = keyOf(model, input, i, batch, options.input);
    const tensor = batch.tensors.get(key)!;
    checkFits(`${batch.file}: key "${key}"`, input, tensor);
    matched.set(input.name, tensor);
  }
  return matched;
}

function keyOf(
  model: OnnxModel,
  { name }: ValueInfo,
  position: number,
  batch: Batch,
  asked: string | undefined,
): string {
  const candidates = new Set([
    ...(asked !== undefined && position === 0 ? [asked] : [name]),
    ...(asked === undefined && model.inputs.length === 1 ? ["input"] : []),
  ]);
  const key = [...candidates].find((k) => batch.tensors.has(k));
  if (key !== undefined) return key;
  throw new UserError(
    `${batch.file}: no key "${[...candidates].join('" or "')}" for the model's input "${name}"; the batch has ${showKeys(batch)}`,
  );
}

/** The keys of a batch, for messages. */
export const showKeys = ({ tensors }: Batch): string =>
  tensors.size === 0 ? "no tensors" : [...tensors.keys()].map((k) => `"${k}"`).join(", ");

/** What a tensor holds, for messages: reading has widened the element type that its file has. */
export const showElements = ({ dtype }: Tensor): string =>
  isFloat(dtype) ? "floating-point numbers" : dtype === "bool" ? "booleans" : "whole numbers";

/** The batch axis may differ from the one exported; all other fixed dimensions must agree. */
function checkFits(where: string, input: ValueInfo, tensor: Tensor): void {
  const { elementType, shape } = input;
  const fits =
    !shape ||
    (shape.length === tensor.shape.length &&
      shape.every((n, i) => i === 0 || typeof n !== "number" || n === tensor.shape[i]));
  if (!fits)
    throw new UserError(
      `${where} has shape ${showShape(tensor.shape)}, expected ${showShape(shape)} for the model's input "${input.name}"`,
    );
  if (elementType === null || elementType === "string") return;
  const wantsFloat = elementType.startsWith("float") || elementType === "bfloat16";
  if (wantsFloat !== isFloat(tensor.dtype))
    throw new UserError(
      `${where} holds ${showElements(tensor)}, expected ${elementType} for the model's input "${input.name}"${wantsFloat ? "; prepare it as for training" : ""}`,
    );
}
