import type { Tensor } from "../../base/tensor.js";
import type { Device, Program, ProgramCache } from "../../engine/index.js";
import { type LossKind, type OpenedModel, openModel, resolveLoss } from "../../onnx/index.js";
import type { LoadedModel } from "../load.js";
import type { Feeds } from "../measuring/feeds.js";
import { type ModelMeasurement, ModelMeasurer } from "../measuring/measure-model.js";
import { checkBatchSize, feedsOf, type OpenAuditOptions } from "../open.js";
import { compileGradients, namedGradients } from "./gradient-program.js";
import { selectSamples } from "./select-samples.js";

/** The loss and the weight gradients of one batch. */
export interface BatchGradients {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Tensor>;
  /** The number that the loss divides by. */
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
  private readonly sampleCount: number;
  private readonly opened = new Map<number, OpenedModel>();
  private readonly measurers = new Map<string, ModelMeasurer>();
  private readonly programs = new Map<string, Program>();
  private params: readonly Tensor[] | null = null;
  /** The kind of the loss. The first batch decides it where the user did not name it. */
  private kind: LossKind | undefined;

  constructor(
    private readonly loaded: LoadedModel,
    private readonly options: RunnerOptions,
  ) {
    const [first] = loaded.inputs.values();
    this.sampleCount = first.shape[0];
    this.kind = options.loss;
  }

  /** The model opened for batches of `size` samples. */
  open(size: number): OpenedModel {
    const known = this.opened.get(size);
    if (known !== undefined) return known;
    const { model, norms, batch, inputs: all } = this.loaded;
    const inputs = new Map(
      [...all].map(([name, { dtype, shape }]) => [
        name,
        { dtype, shape: this.hasSamples(shape) ? shape.with(0, size) : shape },
      ]),
    );
    const opened = openModel(model, norms, { inputs, precision: this.options.precision });
    checkBatchSize(opened.layers, `${batch.file}: a batch of ${size} sample${size === 1 ? "" : "s"}`);
    this.opened.set(size, opened);
    return opened;
  }

  /** The model, the loss and the tensors of a batch of these samples. */
  private prepare(samples: Uint32Array) {
    const opened = this.open(samples.length);
    const { batch, inputs } = this.select(samples);
    const [input] = inputs.values();
    const loss = resolveLoss(this.kind, opened, batch, { target: this.options.target, input });
    this.kind = loss.kind;
    this.params ??= opened.params.map((weight) => weight.load());
    const feeds: Feeds = { params: this.params, ...feedsOf(opened, loss, inputs) };
    return { opened, loss, feeds, key: `${samples.length}/${loss.denominator}` };
  }

  /** The loss and the gradients of the stored weights `names` on one batch. */
  async gradients(samples: Uint32Array, names: readonly string[]): Promise<BatchGradients> {
    const { opened, loss, feeds, key } = this.prepare(samples);
    const args = [...feeds.params, ...feeds.inputs, ...feeds.target];
    let program = this.programs.get(key);
    if (program === undefined) {
      program = await compileGradients({ opened, loss, names }, args, this.options);
      this.programs.set(key, program);
    }
    return { ...namedGradients(names, await program.run(args)), denominator: loss.denominator };
  }

  /** As `gradients`, with the measurements of all layers. */
  async measure(samples: Uint32Array, names: readonly string[]): Promise<ModelMeasurement & BatchGradients> {
    const { opened, loss, feeds, key } = this.prepare(samples);
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
    return { ...(await measurer.measure(feeds)), denominator: loss.denominator };
  }

  /** The batch file with these samples only. Tensors without an axis of samples are kept as they are. */
  private select(samples: Uint32Array) {
    const pick = (tensor: Tensor) =>
      this.hasSamples(tensor.shape) ? selectSamples(tensor, samples) : tensor;
    const { batch, inputs } = this.loaded;
    return {
      batch: { ...batch, tensors: new Map([...batch.tensors].map(([key, tensor]) => [key, pick(tensor)])) },
      inputs: new Map([...inputs].map(([name, tensor]) => [name, pick(tensor)])),
    };
  }

  private hasSamples(shape: readonly number[]): boolean {
    return shape[0] === this.sampleCount;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const measurer of this.measurers.values()) await measurer[Symbol.asyncDispose]();
    for (const program of this.programs.values()) await program.dispose();
  }
}
