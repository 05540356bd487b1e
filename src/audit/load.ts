import { UserError } from "../base/errors.js";
import { sha256Bytes, sha256File, sha256Tensors } from "../base/sha256.js";
import { checkTensor, type Tensor } from "../base/tensor.js";
import {
  type BatchFile,
  decodeModel,
  findNorms,
  freeze,
  matchInputs,
  missingNormsHint,
  type NormLayer,
  type OnnxModel,
  readModel,
} from "../onnx/index.js";
import { chooseOutputs } from "../onnx/model-outputs.js";
import { markFrozen } from "../onnx/norms/frozen.js";
import { nestedNorms } from "../onnx/norms/nested.js";
import { resolveBranches } from "../onnx/open/resolve-branches.js";
import { stopGradients } from "../onnx/stop-gradient.js";
import { readTensors } from "../tensor-files/index.js";
import { checkLayerName, selectLayers } from "./select-layers.js";

/** An ONNX model: the path of its file, or the bytes of the file. */
export type ModelSource = string | Uint8Array;

/** A batch: the path of an npz or safetensors file, or its tensors by key. */
export type BatchSource = string | Readonly<Record<string, Tensor>>;

/** A model that has been read, with the layers to measure. */
interface LoadedFile {
  readonly model: OnnxModel;
  readonly modelSha256: string;
  /** All normalizations of the model, and those that are measured. */
  readonly allNorms: readonly NormLayer[];
  readonly norms: readonly NormLayer[];
}

/** A model and a batch that have been read and fit each other. */
export interface LoadedModel extends LoadedFile {
  readonly batch: BatchFile;
  readonly batchSha256: string;
  /** The tensors for the model's inputs, by ONNX name. */
  readonly inputs: ReadonlyMap<string, Tensor>;
}

/** What `loadModel` needs to know besides the model. */
export interface LoadModelOptions {
  readonly layers?: string;
  readonly frozen?: readonly string[];
  readonly stopGradient?: readonly string[];
  readonly modelOutput?: string | readonly string[];
  readonly taylor?: { readonly layer: string };
  /** What a model without normalization is: an error, or a model with no layer to measure. */
  readonly withoutNorms?: "refuse" | "accept";
  /** The tensors for the model's inputs. Their shapes decide which branch of an If holds a norm. */
  readonly inputsOf: (model: OnnxModel) => Promise<ReadonlyMap<string, Tensor>>;
}

/** What `load` needs to know besides the model. */
export interface LoadOptions extends Omit<LoadModelOptions, "inputsOf"> {
  readonly data: BatchSource;
  readonly input?: string;
}

/**
 * Reads the model and the batch and selects the layers to measure.
 * @throws UserError for unreadable or unfit files; with exit code 5 where the model has no
 * normalization.
 */
export async function load(source: ModelSource, options: LoadOptions): Promise<LoadedModel> {
  let read: LoadedBatch | null = null;
  const batchOnce = async () => {
    read ??= await loadBatch(options.data);
    return read;
  };
  const inputsOf = async (model: OnnxModel) => matchInputs(model, (await batchOnce()).file, options);
  const loaded = await loadModel(source, { ...options, inputsOf });
  const { file: batch, sha256: batchSha256 } = await batchOnce();
  return { ...loaded, batch, batchSha256, inputs: matchInputs(loaded.model, batch, options) };
}

/**
 * Reads a model and selects the layers to measure.
 * @throws UserError as `load` does.
 */
export async function loadModel(source: ModelSource, options: LoadModelOptions): Promise<LoadedFile> {
  const [decoded, modelSha256] =
    typeof source === "string"
      ? ([await readModel(source), await sha256File(source)] as const)
      : ([decodeModel("model", source), sha256Bytes(source)] as const);
  const flat =
    nestedNorms(decoded.nodes).length > 0
      ? markFrozen(resolveBranches(decoded, await options.inputsOf(decoded)))
      : decoded;
  const held = options.frozen ? freeze(flat, options.frozen) : flat;
  const stopped = options.stopGradient ? stopGradients(held, options.stopGradient) : held;
  const { modelOutput } = options;
  const model =
    modelOutput === undefined
      ? stopped
      : chooseOutputs(stopped, typeof modelOutput === "string" ? [modelOutput] : modelOutput);
  const allNorms = findNorms(model);
  if (allNorms.length === 0) {
    if (options.withoutNorms !== "accept" || options.layers !== undefined)
      throw new UserError(missingNormsHint(model), 5);
    return { model, modelSha256, allNorms, norms: [] };
  }
  const norms = selectLayers(allNorms, options.layers, model.path);
  if (options.taylor) checkTaylor(norms, options.taylor.layer, model.path);
  return { model, modelSha256, allNorms, norms };
}

/** Taylor terms are those that a standardization removes; a frozen layer has none. */
function checkTaylor(norms: readonly NormLayer[], name: string, file: string): void {
  checkLayerName(norms, name, file);
  if (norms.some((norm) => norm.name === name && norm.frozen))
    throw new UserError(
      `${file}: --taylor: expected a layer with the statistics of the batch, got ${name}, which is frozen and blocks nothing; name another layer`,
    );
  if (norms.some((norm) => norm.name === name && norm.deviation))
    throw new UserError(
      `${file}: --taylor: expected a layer that divides by √(v + ε), got ${name}, written with another deviation; name another layer`,
    );
}

/** A batch file that has been read. */
export interface LoadedBatch {
  readonly file: BatchFile;
  readonly sha256: string;
}

/** Reads one batch file. */
export async function loadBatch(source: BatchSource): Promise<LoadedBatch> {
  if (typeof source === "string")
    return { file: { file: source, tensors: await readTensors(source) }, sha256: await sha256File(source) };
  const tensors = new Map(Object.entries(source));
  for (const [key, tensor] of tensors) checkTensor(`data: key "${key}"`, tensor);
  return { file: { file: "data", tensors }, sha256: sha256Tensors(tensors) };
}
