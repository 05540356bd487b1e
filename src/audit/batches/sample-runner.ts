import type { Tensor } from "../../base/tensor.js";
import type { Device, Program, ProgramCache } from "../../engine/index.js";
import { ignoredLabel, type Loss, type OpenedModel, openModel, resolveLoss } from "../../onnx/index.js";
import type { LoadedModel } from "../load.js";
import { type MeasuringFeeds, type ModelMeasurement, ModelMeasurer } from "../measuring/measure-model.js";
import { checkBatchSize, feedsOf, type OpenAuditOptions } from "../open.js";
import { compileGradients, namedGradients } from "./gradient-program.js";
import { selectSamples } from "./select-samples.js";

/** The loss and the weight gradients of one batch. */
export interface BatchGradients {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Tensor>;
  /** The number that the loss divides by: labels that count, or samples. */
  readonly denominator: number;
}

export interface RunnerOptions extends OpenAuditOptions {
  readonly device: Device;
  readonly cache?: ProgramCache;
  readonly onProgress: (step: string) => void;
}

/**
 * Runs a model on any of the samples of a batch file. Batches of one size share an opened model, and
 * batches of one size and one denominator share their programs.
 */
export class SampleRunner implements AsyncDisposable {
  readonly sampleCount: number;
  private readonly opened = new Map<number, OpenedModel>();
  private readonly measurers = new Map<string, ModelMeasurer>();
  private readonly programs = new Map<string, Program>();
  private params: readonly Tensor[] | null = null;

  constructor(
    private readonly loaded: LoadedModel,
    private readonly options: RunnerOptions,
  ) {
    const [first] = loaded.inputs.values();
    this.sampleCount = first.shape[0];
  }

  /** The model and the loss for a batch of these samples. */
  prepare(samples: Uint32Array): {
    opened: OpenedModel;
    loss: Loss;
    feeds: MeasuringFeeds;
    key: string;
    denominator: number;
  } {
    const batch = this.select(samples);
    const { precision, target } = this.options;
    const size = samples.length;
    let opened = this.opened.get(size);
    if (opened === undefined) {
      opened = openModel(this.loaded.model, this.loaded.norms, { inputs: batch.inputs, precision });
      checkBatchSize(
        opened.layers,
        `${this.loaded.batch.file}: a batch of ${size} sample${size === 1 ? "" : "s"}`,
      );
      this.opened.set(size, opened);
    }
    const [input] = batch.inputs.values();
    const loss = resolveLoss(this.options.loss, opened, batch.batch, { target, input });
    this.params ??= opened.params.map((weight) => weight.load());
    const denominator = denominatorOf(loss, size);
    return {
      opened,
      loss,
      feeds: { params: this.params, ...feedsOf(opened, loss, batch.inputs) },
      key: `${size}/${denominator}`,
      denominator,
    };
  }

  /** The loss and the gradients of the stored weights `names` on one batch. */
  async gradients(samples: Uint32Array, names: readonly string[]): Promise<BatchGradients> {
    const { opened, loss, feeds, key, denominator } = this.prepare(samples);
    const args = [...feeds.params, ...feeds.inputs, ...feeds.target];
    let program = this.programs.get(key);
    if (program === undefined) {
      program = await compileGradients({ opened, loss, names }, args, this.options);
      this.programs.set(key, program);
    }
    return { ...namedGradients(names, await program.run(args)), denominator };
  }

  /** As `gradients`, with the measurements of all layers. */
  async measure(samples: Uint32Array, names: readonly string[]): Promise<ModelMeasurement & BatchGradients> {
    const { opened, loss, feeds, key, denominator } = this.prepare(samples);
    let measurer = this.measurers.get(key);
    if (measurer === undefined) {
      measurer = new ModelMeasurer(opened, loss, {
        ...this.options,
        cacheKey: "",
        cache: undefined,
        gradients: names,
        onProgress: () => {},
      });
      this.measurers.set(key, measurer);
    }
    return { ...(await measurer.measure(feeds)), denominator };
  }

  /** The batch file with these samples only. Tensors without an axis of samples are kept as they are. */
  private select(samples: Uint32Array) {
    const pick = (tensor: Tensor) =>
      tensor.shape[0] === this.sampleCount ? selectSamples(tensor, samples) : tensor;
    const { batch, inputs } = this.loaded;
    return {
      batch: { ...batch, tensors: new Map([...batch.tensors].map(([key, tensor]) => [key, pick(tensor)])) },
      inputs: new Map([...inputs].map(([name, tensor]) => [name, pick(tensor)])),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const measurer of this.measurers.values()) await measurer[Symbol.asyncDispose]();
    for (const program of this.programs.values()) await program.dispose();
  }
}

/** Cross-entropy is a mean over the labels that count, every other loss over the samples. */
function denominatorOf({ kind, target }: Loss, samples: number): number {
  if (kind !== "cross-entropy" || target === null) return samples;
  let counted = 0;
  for (const label of target.data) if (label !== ignoredLabel) counted++;
  return counted;
}
