import type { Device, ProgramCache } from "../engine/index.js";
import { type LossKind, openModel } from "../onnx/index.js";
import { type BatchSource, type LoadedModel, load, type ModelSource } from "./load.js";
import { type MeasureOptions, type ModelMeasurement, ModelMeasurer } from "./measuring/measure-model.js";
import { type OpenedAudit, open } from "./open.js";
import { assemble, judgeLayers } from "./report/assemble.js";
import { finiteOrNull } from "./report/finite.js";
import { modelParts, modelWarnings } from "./report/model-parts.js";
import type { AuditReport, TaylorReport, Thresholds } from "./report/result.js";
import { ONE_BATCH } from "./verdict/one-batch.js";
import { DEFAULT_THRESHOLDS } from "./verdict/thresholds.js";

/** Options of `auditModel`. */
export interface AuditModelOptions {
  /**
   * The batch: the path of an npz or safetensors file, or its tensors by key. The keys are the
   * model's input names (or `input` for a model with one input), `label` for class numbers,
   * `target` for other targets.
   */
  readonly data: BatchSource;
  /**
   * Loss on the model's output. By default it is inferred from the batch, and the report says so.
   */
  readonly loss?: LossKind;
  /**
   * Output of the model that the loss looks at. Of several, each one number, the sum is the loss.
   * Default: the first output that holds no running statistics.
   */
  readonly modelOutput?: string | readonly string[];
  /** Key of the model's first input in the batch, if it is not the input's name. */
  readonly input?: string;
  /** Key of the label or target in the batch, if it is not `label` or `target`. */
  readonly target?: string;
  /**
   * Axis of the classes in the output, for cross-entropy where labels fit without axis 1 and
   * without the last. Negative values count from the last axis.
   */
  readonly classAxis?: number;
  /** Glob over layer names. Default: all layers. */
  readonly layers?: string;
  /**
   * Globs over the names of layers that training holds at their stored statistics. They block
   * nothing. Where the file has layers in training mode, those in evaluation mode are frozen too.
   */
  readonly frozen?: readonly string[];
  /**
   * Names of values of the graph, or globs, that training detaches. `value>node` stops only what
   * that node reads. ONNX files do not hold a stopped gradient.
   */
  readonly stopGradient?: readonly string[];
  /** Limits of the verdicts. Default: `DEFAULT_THRESHOLDS`. */
  readonly thresholds?: Thresholds;
  /** Precision of the model's arithmetic. Shares are always reduced in float64. Default float32. */
  readonly precision?: "float32" | "float64";
  /** Where the graph runs. Default cpu. */
  readonly device?: Device;
  /** Expands the loss at this layer into Taylor terms; `probes` and `seed` as in `expandLayer`. */
  readonly taylor?: { readonly layer: string; readonly probes?: number; readonly seed?: number };
  /** Keeps compiled graphs for the next start. They hold the model's structure, not its weights. */
  readonly cache?: ProgramCache;
  /** Called with the name of each step. */
  readonly onProgress?: (step: string) => void;
  /** Receives the measuring graph, an ONNX file, before it runs. */
  readonly onGraph?: (bytes: Uint8Array) => void;
}

/**
 * Measures what every normalization layer of an ONNX model hides from the loss on one batch. One
 * forward and one backward pass measure all layers, with the statistics of the batch.
 *
 * @param source - The path of an ONNX file, or its bytes.
 * @param options - The batch, the loss and how to measure.
 * @returns The report, `blindspot.audit/2`.
 * @throws UserError for bad input; with exit code 5 where the model has no normalization layer.
 * @example
 * ```ts
 * import { auditModel } from "blindspot";
 *
 * const report = await auditModel("model.onnx", { data: "batch.npz", loss: "cross-entropy" });
 * for (const { name, verdict, weights } of report.layers) console.log(name, verdict, weights?.removed);
 * ```
 */
export async function auditModel(source: ModelSource, options: AuditModelOptions): Promise<AuditReport> {
  const started = performance.now();
  const { thresholds = DEFAULT_THRESHOLDS, precision = "float32", device = "cpu" } = options;
  const { cache, onGraph, onProgress = () => {} } = options;

  onProgress("reading the model");
  const loaded = await load(source, options);
  const audit = open(loaded, { ...options, precision });
  const cacheKey = describeAudit(loaded, { ...options, precision });
  const measured = await measure(audit, { device, cache, cacheKey, onProgress, onGraph });
  const judged = judgeLayers(measured.layers, thresholds);
  const taylor =
    options.taylor && (await expand(loaded, audit, options.taylor, { device, cache, onProgress }));

  const { loss, opened } = audit;
  const [firstInput] = loaded.inputs.values();
  const samples = firstInput?.shape[0] ?? 1;
  const { target } = options;
  return assemble({
    started,
    ...modelParts({ loaded, loss, value: finiteOrNull(measured.loss), samples, target }),
    precision,
    device,
    thresholds,
    batches: null,
    answers: ONE_BATCH,
    layers: judged.map((layer) =>
      taylor?.terms && layer.name === taylor.layer ? { ...layer, taylor: taylor.terms } : layer,
    ),
    warnings: modelWarnings({ loaded, loss }, measured.layers, {
      further: taylor?.warnings ?? [],
      opened: opened.warnings,
    }),
  });
}

/** Measures the opened model on its batch. */
async function measure(
  { opened, loss, inputs, target }: OpenedAudit,
  options: MeasureOptions,
): Promise<ModelMeasurement> {
  await using measurer = new ModelMeasurer(opened, loss, options);
  const params = opened.params.map((weight) => weight.load());
  return await measurer.measure({ params, inputs, target });
}

/** Everything that the measuring program depends on, as text: the key of the cached program. */
function describeAudit(
  { modelSha256, batchSha256 }: LoadedModel,
  { loss, input, target, layers, frozen, stopGradient, modelOutput, classAxis, precision }: AuditModelOptions,
): string {
  return JSON.stringify({
    modelSha256,
    batchSha256,
    loss,
    input,
    target,
    layers,
    frozen,
    stopGradient,
    modelOutput,
    classAxis,
    precision,
  });
}

/** The Taylor terms of the loss at one layer, with the warnings of the expansion. */
async function expand(
  { allNorms, norms, model, inputs: given }: LoadedModel,
  { opened, loss, inputs, target }: OpenedAudit,
  { layer, ...settings }: NonNullable<AuditModelOptions["taylor"]>,
  options: Pick<AuditModelOptions, "device" | "cache" | "onProgress">,
): Promise<{ layer: string; terms: TaylorReport | null; warnings: readonly string[] }> {
  const { expandLayer } = await import("./taylor/expand-layer.js");
  // The expansion holds the statistics of all batch normalizations above the layer, measured or
  // not.
  const whole =
    norms.length === allNorms.length
      ? opened
      : openModel(model, allNorms, { inputs: given, precision: opened.precision });
  const index = whole.layers.findIndex(({ norm }) => norm.name === layer);
  const feeds = { params: whole.params.map((weight) => weight.load()), inputs, target };
  const at = { opened: whole, layer: index, loss, feeds };
  const { taylor, warnings } = await expandLayer(at, { ...settings, ...options });
  return { layer, terms: taylor, warnings };
}
