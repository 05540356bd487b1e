import { UserError } from "../base/errors.js";
import { sha256Bytes } from "../base/sha256.js";
import type { Tensor } from "../base/tensor.js";
import { matchInputs } from "../onnx/index.js";
import type { AuditModelOptions } from "./audit-model.js";
import { consecutive, cutIntoBatches, parseBatches, type SampleBatches } from "./batches/cut-samples.js";
import { joinFiles } from "./batches/join-files.js";
import { measureBatches } from "./batches/measure-batches.js";
import {
  type BatchSource,
  type LoadedBatch,
  type LoadedModel,
  loadBatch,
  loadModel,
  type ModelSource,
} from "./load.js";
import { assemble, judgeLayers } from "./report/assemble.js";
import { finiteOrNull } from "./report/finite.js";
import { labelKeyOf, modelParts, modelWarnings } from "./report/model-parts.js";
import type { AuditReport, BatchesReport } from "./report/result.js";
import { classesOf } from "./verdict/classes-of-batches.js";
import { summarizeBatches } from "./verdict/summarize-batches.js";
import { DEFAULT_THRESHOLDS } from "./verdict/thresholds.js";

/** Options of `auditBatches`. */
export interface AuditBatchesOptions extends Omit<AuditModelOptions, "data" | "taylor" | "onGraph"> {
  /** The samples: one file that `batches` cuts, or several files, each of them one batch. */
  readonly data: BatchSource | readonly BatchSource[];
  /**
   * How the samples are cut into batches: `size:64` (file order), `shuffled:64` (random order),
   * `label:64` (one class per batch), or the key of a tensor with one integer per sample, the
   * number of its batch. Left out where `data` is a list with one file for each batch.
   */
  readonly batches?: string;
  /** Number of random cuts that your batches are compared with. Default 3. */
  readonly cuts?: number;
  /** Seed of the random cuts and of `shuffled`. Default 0. */
  readonly seed?: number;
  /** Leaves out a last batch that is smaller than the size of `batches`. Default false. */
  readonly dropLast?: boolean;
  /**
   * What batches are compared with: all samples as one batch (`whole`), or the mean of the random
   * cuts (`cuts`). Default: `whole` where it fits in half of the memory, as planned.
   */
  readonly reference?: BatchesReport["reference"];
}

/**
 * Measures what every normalization layer hides and whether it matters for these batches. The
 * gradient that training follows on average, batch by batch, is compared with the gradient of the
 * same samples as one batch, and with that of random batches of the same sizes.
 *
 * @param source - The path of an ONNX file, or its bytes.
 * @param options - The samples, how they are cut into batches, the loss and how to measure.
 * @returns The report, `blindspot.audit/2`. `batches`, `agreement` of the layers and
 * `summary.verdict` are set. A model without normalization has `layers: []`.
 * @throws UserError for bad input, such as a batch of one sample for a batch norm.
 * @example
 * ```ts
 * import { auditBatches } from "blindspot";
 *
 * const report = await auditBatches("examples/glyphs.onnx", {
 *   data: "examples/mixed.npz",
 *   batches: "label:16",
 * });
 * console.log(report.summary.verdict, report.summary.why);
 * ```
 */
export async function auditBatches(source: ModelSource, options: AuditBatchesOptions): Promise<AuditReport> {
  const started = performance.now();
  const { thresholds = DEFAULT_THRESHOLDS, precision = "float32", device = "cpu" } = options;
  const { cuts = 3, seed = 0, reference, cache, onProgress = () => {} } = options;
  checkCount("cuts", cuts, reference === "cuts" ? 2 : 1);
  checkCount("seed", seed, 0);

  onProgress("reading the model");
  const { loaded, batches, how } = await loadSamples(source, options);
  const measured = await measureBatches(loaded, batches, {
    ...{ precision, device, cache, onProgress, cuts, seed, reference },
    ...{ loss: options.loss, target: options.target, classAxis: options.classAxis },
  });
  const { referenceBatch, network } = measured;
  const judged = judgeLayers(referenceBatch.layers, thresholds);
  const layers = judged.map((layer, i) => {
    const { agreement, blocked, removed } = measured.layers[i];
    return { ...layer, agreement, batches: { blocked, removed } };
  });
  const { described: loss } = referenceBatch;
  const { target } = options;
  const classes = classesOf(batches, loaded.batch.tensors.get(labelKeyOf({ loss, target }) ?? "label"));
  const meanLoss = finiteOrNull(measured.meanLoss);
  const wholeLoss = measured.reference === "whole" ? finiteOrNull(referenceBatch.loss) : null;
  const samples = batches.reduce((sum, { length }) => sum + length, 0);
  const { count, sizes } = measured;
  const report: BatchesReport = {
    ...{ how, count, sizes, cuts, seed, reference: measured.reference, meanLoss, wholeLoss, network },
  };
  return assemble({
    started,
    ...modelParts({ loaded, loss, value: wholeLoss ?? meanLoss, samples, target }),
    precision,
    device,
    thresholds,
    batches: report,
    layers,
    warnings: modelWarnings({ loaded, loss }, referenceBatch.layers, {
      further: measured.warnings.reference,
      opened: measured.warnings.opened,
    }),
    answers: summarizeBatches({ batches: report, layers, classes, norms: loaded.norms, loss: loss.kind }),
  });
}

/** Reads the model and the samples, and cuts these into batches. */
async function loadSamples(
  source: ModelSource,
  options: AuditBatchesOptions,
): Promise<{ loaded: LoadedModel; batches: SampleBatches; how: string }> {
  const { data, batches: how, input, seed = 0, dropLast = false } = options;
  const sources = Array.isArray(data) ? (data as readonly BatchSource[]) : [data as BatchSource];
  if (how === undefined && sources.length < 2)
    throw new UserError(
      "--batches: expected how to cut the samples into batches, got none; say size:64, shuffled:64, label:64 or the name of a key, or give several --data files",
    );
  const rule = how === undefined ? null : parseBatches(how);
  if (dropLast && (rule === null || rule.by === "key"))
    throw new UserError(
      "--drop-last: expected batches of one size (--batches size:64, shuffled:64 or label:64), got batches of given samples; leave this option out",
    );
  const files: LoadedBatch[] = [];
  for (const one of sources) files.push(await loadBatch(one));
  const loadedFile = await loadModel(source, {
    ...options,
    withoutNorms: "accept",
    inputsOf: async (model) => matchInputs(model, files[0].file, { input }),
  });
  const { file: batch, counts } = joinFiles(
    files.map(({ file }) => file),
    (file) => sampleCount(matchInputs(loadedFile.model, file, { input })),
  );
  const inputs = matchInputs(loadedFile.model, batch, { input });
  const loaded = { ...loadedFile, batch, batchSha256: jointSha256(files), inputs };
  const batches =
    rule === null
      ? consecutive(counts)
      : cutIntoBatches(rule, {
          ...{ file: batch.file, tensors: batch.tensors, labelKey: options.target ?? "label" },
          ...{ count: sampleCount(inputs), seed, dropLast },
        });
  return { loaded, batches, how: how ?? "files" };
}

function sampleCount(inputs: ReadonlyMap<string, Tensor>): number {
  const [first] = inputs.values();
  if (first === undefined || first.shape.length === 0)
    throw new UserError("--batches: expected a model with an input of samples, got a model without inputs");
  return first.shape[0];
}

const jointSha256 = (files: readonly LoadedBatch[]): string =>
  files.length === 1
    ? files[0].sha256
    : sha256Bytes(new TextEncoder().encode(files.map(({ sha256 }) => sha256).join("\n")));

function checkCount(name: string, value: number, smallest: number): void {
  if (!Number.isSafeInteger(value) || value < smallest)
    throw new UserError(`--${name}: expected a whole number from ${smallest} on, got ${value}`);
}
