import { isFloat } from "../engine/lang/index.js";
import { UserError } from "../errors.js";
import { showShape, type Tensor } from "../tensor.js";
import type { OnnxModel, ValueInfo } from "./model.js";

/** The tensors of a batch file by key. */
export type Batch = ReadonlyMap<string, Tensor>;

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
    const tensor = batch.get(key)!;
    checkFits(key, input, tensor);
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
  const candidates = [
    ...(asked !== undefined && position === 0 ? [asked] : [name]),
    ...(asked === undefined && model.inputs.length === 1 ? ["input"] : []),
  ];
  const key = candidates.find((k) => batch.has(k));
  if (key !== undefined) return key;
  throw new UserError(
    `batch: no key "${candidates.join('" or "')}" for the model's input "${name}"; the batch has ${showKeys(batch)}`,
  );
}

/** The keys of a batch, for messages. */
export const showKeys = (batch: Batch): string =>
  batch.size === 0 ? "no tensors" : [...batch.keys()].map((k) => `"${k}"`).join(", ");

/** The batch axis may differ from the one exported; all other fixed dimensions must agree. */
function checkFits(key: string, input: ValueInfo, tensor: Tensor): void {
  const { elementType, shape } = input;
  const fits =
    !shape ||
    (shape.length === tensor.shape.length &&
      shape.every((n, i) => i === 0 || typeof n !== "number" || n === tensor.shape[i]));
  if (!fits)
    throw new UserError(
      `batch: key "${key}" has shape ${showShape(tensor.shape)}, expected ${showShape(shape)} for the model's input "${input.name}"`,
    );
  if (elementType === null || elementType === "string") return;
  const wantsFloat = elementType.startsWith("float") || elementType === "bfloat16";
  if (wantsFloat !== isFloat(tensor.dtype))
    throw new UserError(
      `batch: key "${key}" holds ${tensor.dtype}, expected ${elementType} for the model's input "${input.name}"`,
    );
}
