import { UserError } from "../base/errors.js";
import { showShape, type Tensor } from "../base/tensor.js";
import { isFloat } from "../engine/lang/index.js";
import type { OnnxModel, ValueInfo } from "./model.js";

/** A batch file: the tensors of one batch, by key. */
export interface BatchFile {
  /** Path of the file, for messages. */
  readonly file: string;
  /** The tensors: the model's inputs, and labels or targets. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/**
 * Finds the tensor for each input of a model. The key is the input's ONNX name. For a model with
 * one input, the key `input` serves too.
 *
 * @param model - A decoded model.
 * @param batch - The batch file.
 * @param options - `input` names the key of the first input, in place of its ONNX name.
 * @returns One tensor for each input, by ONNX name.
 * @throws UserError naming key, expected and got where a tensor is missing or does not fit. All
 *   fixed dimensions but the first (the batch size) must agree.
 * @example
 * ```ts
 * import { matchInputs, readModel } from "blindspot/onnx";
 * import { readTensors } from "blindspot/tensor-files";
 *
 * const model = await readModel("examples/glyphs.onnx");
 * const file = "examples/mixed.npz";
 * const inputs = matchInputs(model, { file, tensors: await readTensors(file) });
 * console.log([...inputs].map(([name, { shape }]) => `${name} [${shape}]`));
 * ```
 */
export function matchInputs(
  model: OnnxModel,
  batch: BatchFile,
  options: { readonly input?: string } = {},
): Map<string, Tensor> {
  const matched = new Map<string, Tensor>();
  for (const [i, input] of model.inputs.entries()) {
    const keys = i === 0 && options.input !== undefined ? [options.input] : [input.name];
    if (model.inputs.length === 1 && options.input === undefined) keys.push("input");
    const { key, tensor } = firstOf(keys, input.name, batch);
    checkFits(`${batch.file}: key "${key}"`, input, tensor);
    matched.set(input.name, tensor);
  }
  return matched;
}

/** The first of several keys that the batch file has. */
function firstOf(
  keys: readonly string[],
  input: string,
  { file, tensors }: BatchFile,
): { key: string; tensor: Tensor } {
  for (const key of keys) {
    const tensor = tensors.get(key);
    if (tensor) return { key, tensor };
  }
  throw new UserError(
    `${file}: no key "${[...new Set(keys)].join('" or "')}" for the model's input "${input}"; the batch has ${showKeys(tensors)}`,
  );
}

/** The keys of a batch file, for messages. */
export const showKeys = (tensors: BatchFile["tensors"]): string =>
  tensors.size === 0 ? "no tensors" : [...tensors.keys()].map((k) => `"${k}"`).join(", ");

/**
 * The kind of numbers in a tensor, for messages. The exact element type of the file is not known
 * here: reading has widened it.
 */
export const showElements = ({ dtype }: Tensor): string =>
  isFloat(dtype) ? "floating-point numbers" : dtype === "bool" ? "booleans" : "whole numbers";

/** The first dimension, the batch size, may differ from the exported one. All others must agree. */
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
