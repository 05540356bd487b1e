import { UserError } from "../base/errors.js";
import { sha256File } from "../base/sha256-file.js";
import { castTensor, type Tensor } from "../base/tensor.js";
import { version } from "../base/version.js";
import type { Device, ProgramCache } from "../engine/index.js";
import { compileForMeasuring } from "../measure/compile-for-measuring.js";
import { layerShares, sharesAreSure } from "../measure/layer-shares.js";
import { type LayerResults, measurement } from "../measure/measuring-function.js";
import { scaledNorm } from "../measure/scaled-norm.js";
import {
  type Batch,
  findNorms,
  ignoredLabel,
  type LossKind,
  matchInputs,
  missingNormsHint,
  type OpenedLayer,
  openModel,
  partlyFusedHint,
  readModel,
  resolveLoss,
} from "../onnx/index.js";
import { readTensors } from "../tensor-files/index.js";
import { leakFromSigma, weightLoss, weightSumsFromGram } from "../theory/index.js";
import { measuringKey } from "./program-key.js";
import { type LayerMeasurement, layerReport, nonFiniteWarning, summarize } from "./report/layer.js";
import type { AuditReport, Thresholds } from "./report/result.js";
import { constantWarning, nonFiniteInputs, overflowWarning } from "./report/warnings.js";
import { checkLayerName, selectLayers } from "./select-layers.js";
import { DEFAULT_THRESHOLDS } from "./verdict/thresholds.js";

export interface AuditModelOptions {
  /** The batch: an npz or safetensors file. Inputs by ONNX name (or `input`), `label` or `target`. */
  readonly data: string;
  /** Loss on the model's output; inferred from the batch unless given. */
  readonly loss?: LossKind;
  /** Keys of the model's input and of the label or target, where they have other names. */
  readonly input?: string;
  readonly target?: string;
  /** Glob over layer names. */
  readonly layers?: string;
  readonly thresholds?: Thresholds;
  readonly precision?: "float32" | "float64";
  readonly device?: Device;
  /** Also computes the Taylor terms of the loss at this layer; with random probes where it has many features. */
  readonly taylor?: { readonly layer: string; readonly probes?: number; readonly seed?: number };
  /** Where compiled graphs are looked for and kept; they hold the model's structure, not its weights. */
  readonly cache?: ProgramCache;
  readonly onProgress?: (step: string) => void;
  /** Receives the measuring graph, an ONNX file, before it runs. */
  readonly onGraph?: (bytes: Uint8Array) => void;
}

/**
 * Measures what every normalization layer of an ONNX model hides from the loss on one batch. All layers are
 * measured with the statistics of the batch, in one forward and one backward pass.
 * @throws UserError for bad input; with exit code 5 where the model holds no normalization layer.
 */
export async function auditModel(path: string, options: AuditModelOptions): Promise<AuditReport> {
  const { thresholds = DEFAULT_THRESHOLDS, precision = "float32", device = "cpu" } = options;
  const { cache, onProgress = () => {} } = options;
  const start = performance.now();

  onProgress("reading the model");
  const model = await readModel(path);
  const sha256 = await sha256File(path);
  const found = findNorms(model);
  if (found.length === 0) throw new UserError(missingNormsHint(model), 5);
  const norms = selectLayers(found, options.layers, path);
  if (options.taylor) checkLayerName(norms, options.taylor.layer, path);

  const batch: Batch = { file: options.data, tensors: await readTensors(options.data) };
  const batchSha256 = await sha256File(options.data);
  const inputs = matchInputs(model, batch, options);
  const opened = openModel(model, norms, { inputs, precision });
  const [firstInput] = inputs.values();
  const loss = resolveLoss(options.loss, opened, batch, { target: options.target, input: firstInput });
  checkBatchSize(opened.layers, options.data);

  const fed = opened.inputs.map(({ name, spec }) => castTensor(inputs.get(name)!, spec.dtype));
  const target = loss.target === null ? [] : [loss.target];
  const args = () => [...opened.params.map((p) => p.load()), ...fed, ...target];
  const specs = [...opened.params.map(({ spec }) => spec), ...fed, ...target];
  const measure = async (full: boolean): Promise<Measured> => {
    onProgress("differentiating");
    const names = opened.inputs.map(({ name }) => name);
    const measuring = measurement(opened, names, loss, { full });
    const { fn, layers } = measuring;
    const { loss: kind, input, target, layers: chosen } = options;
    const asked = JSON.stringify({ sha256, batchSha256, kind, input, target, chosen, precision, full });
    await using program = await compileForMeasuring(fn, specs, {
      device,
      portable: options.onGraph !== undefined,
      cache,
      key: cache && measuringKey(model, measuring, [asked]),
    });
    options.onGraph?.(program.bytes);
    onProgress("running");
    return { at: layers, results: await program.run(args()) };
  };
  let { at, results } = await measure(false);
  if (opened.layers.some((layer, i) => !sharesAreSure(layer, at[i].features, results)))
    ({ at, results } = await measure(true));

  const layers: LayerMeasurement[] = opened.layers.map((layer, i) => {
    onProgress(`layer ${i + 1} of ${opened.layers.length}: ${layer.norm.name}`);
    return measureLayer(layer, at[i], results);
  });
  const overflows = opened.layers.map((layer, i) =>
    overflowWarning(layer, results[at[i].sigma].data, precision),
  );
  const reports = layers.map((layer) => layerReport(layer, thresholds));

  const expansionWarnings: string[] = [];
  if (options.taylor) {
    const { expandLayer } = await import("./taylor/expand-layer.js");
    const { layer: name, ...settings } = options.taylor;
    // Layers that are not measured matter too: the statistics of those above are held.
    const whole = norms.length === found.length ? opened : openModel(model, found, { inputs, precision });
    const index = whole.layers.findIndex(({ norm }) => norm.name === name);
    const feeds = { params: whole.params.map((p) => p.load()), inputs: fed, target };
    const { taylor, warnings } = await expandLayer(whole, index, loss, feeds, {
      ...settings,
      device,
      cache,
      onProgress,
    });
    if (taylor) reports.find((report) => report.name === name)!.taylor = taylor;
    expansionWarnings.push(...warnings);
  }
  const warnings = [
    ...nonFiniteInputs(batch),
    ...[...layers.map(nonFiniteWarning), ...overflows],
    // Where the variance overflows, y is 0 for that reason.
    ...layers.map((layer, i) => (overflows[i] === null ? constantWarning(layer) : null)),
    ...expansionWarnings,
    ...opened.warnings,
    partlyFusedHint(model),
  ].filter((warning) => warning !== null);
  return {
    schema: "blindspot.audit/1",
    tool: { name: "blindspot", version },
    source: { kind: "onnx", file: path, sha256 },
    batch: {
      file: options.data,
      sha256: batchSha256,
      size: firstInput?.shape[0] ?? 1,
      ...labelCounts(batch, loss.kind === "cross-entropy" ? options.target : undefined),
    },
    loss: {
      kind: loss.kind,
      reduction: loss.reduction,
      value: finite(results[0].data[0]),
      description: loss.description,
    },
    precision,
    device,
    elapsedMs: performance.now() - start,
    thresholds,
    layers: reports,
    warnings,
    summary: summarize(reports),
  };
}

/** Batch normalization of one sample says nothing of what samples share; of one element, nothing at all. */
function checkBatchSize(layers: readonly OpenedLayer[], file: string): void {
  for (const { norm, inputShape, layout } of layers)
    if ((norm.kind === "batch" && inputShape[0] === 1) || layout.outer * layout.inner === 1)
      throw new UserError(
        `${file}: ${norm.name} expects at least 2 samples, got a batch of ${inputShape[0]}; give a larger batch`,
      );
}

/** What the measuring graph returned, and where the results of each layer stand in it. */
interface Measured {
  readonly at: readonly LayerResults[];
  readonly results: readonly Tensor[];
}

/** From what the graph returned for one layer to what the report needs. */
function measureLayer(layer: OpenedLayer, at: LayerResults, results: readonly Tensor[]): LayerMeasurement {
  const { norm, layout } = layer;
  const floats = (index: number) => results[index].data as Float32Array | Float64Array;
  const number = (index: number) => floats(index)[0];
  const listed = { channel: layer.inputShape[1], sample: layer.inputShape[0], group: layout.groupInner };
  const shares = layerShares(layer, at.features, results);
  const sigma = floats(at.sigma);
  const scale = scaledNorm(shares.energy, sigma);
  const error = Math.sqrt(number(at.identityError));
  return {
    name: norm.name,
    op: norm.op,
    mode: norm.mode,
    groupedBy: layer.groupedBy,
    channelCount: listed[layer.groupedBy],
    epsilon: norm.epsilon,
    shares,
    leak: leakFromSigma(sigma, norm.epsilon),
    weights: at.weights && {
      name: at.weights.name,
      ...weightLoss(weightSumsFromGram(floats(at.weights.gram))),
    },
    affine:
      at.gamma === null && at.beta === null
        ? null
        : {
            gradGamma: at.gamma === null ? 0 : Math.sqrt(number(at.gamma)),
            gradBeta: at.beta === null ? 0 : Math.sqrt(number(at.beta)),
          },
    identityResidual: finite(scale === 0 ? error : error / scale),
  };
}

/** JSON has no NaN: what overflowed or never was a number is null. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function labelCounts(batch: Batch, key = "label"): { labelCounts?: Record<string, number> } {
  const label = batch.tensors.get(key);
  if (label === undefined || label.dtype === "float32" || label.dtype === "float64") return {};
  const labelCounts: Record<string, number> = {};
  for (const value of label.data)
    if (value !== ignoredLabel) labelCounts[value] = (labelCounts[value] ?? 0) + 1;
  return { labelCounts };
}
