import { totalmem } from "node:os";
import type { Tensor } from "../../base/tensor.js";
import type { Device, Program, ProgramCache } from "../../engine/index.js";
import type { Loss, LossKind, OpenedModel } from "../../onnx/index.js";
import { sharesOf } from "../../theory/index.js";
import type { LoadedModel } from "../load.js";
import type { Feeds } from "../measuring/feeds.js";
import { type ModelMeasurement, ModelMeasurer } from "../measuring/measure-model.js";
import { attachLoss, type OpenAuditOptions, openFor } from "../open.js";
import { compileGradients, namedGradients, type WeightGradients } from "./gradient-program.js";
import { selectSamples } from "./select-samples.js";

/** The loss and the weight gradients of one batch. */
export interface BatchGradients {
  /** The loss and its gradients, up to the factor `scale`. */
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Tensor>;
  /** The number that the loss divides by. */
  readonly denominator: number;
  /**
   * The factor of `loss` and `gradients`. It is 1 unless the program was compiled for a batch with
   * another denominator, such as one with more ignored labels.
   */
  readonly scale: number;
}

/** What the layers block on one batch, in their order. These ratios do not depend on `scale`. */
export interface BatchShares {
  readonly blocked: readonly number[];
  readonly removed: readonly (number | null)[];
}

/** All measurements of some samples as one batch, with the loss that they were taken with. */
export type WholeMeasurement = ModelMeasurement & BatchGradients & { readonly described: Loss };

export interface RunnerOptions extends OpenAuditOptions {
  readonly device: Device;
  readonly cache?: ProgramCache;
  readonly onProgress: (step: string) => void;
}

/** A measurer for batches of one size, and the denominator of the loss that it was made with. */
interface KeptMeasurer {
  readonly measurer: ModelMeasurer;
  readonly size: number;
  readonly denominator: number;
}

/**
 * Runs a model on any of the samples of a batch file. Batches of one size share an opened model and
 * programs.
 */
export class SampleRunner implements AsyncDisposable {
  private readonly sampleCount: number;
  private readonly opened = new Map<number, OpenedModel>();
  private readonly measurers: KeptMeasurer[] = [];
  private readonly programs = new Map<number, { program: Program; denominator: number }>();
  private params: readonly Tensor[] | null = null;
  /** The kind of the loss and why. The first batch decides it where the user did not name it. */
  private chosen: { loss?: LossKind; reason?: string | null };

  constructor(
    private readonly loaded: LoadedModel,
    private readonly options: RunnerOptions,
  ) {
    const [first] = loaded.inputs.values();
    this.sampleCount = first.shape[0];
    this.chosen = { loss: options.loss };
  }

  /** The model opened for batches of `size` samples. */
  open(size: number): OpenedModel {
    const known = this.opened.get(size);
    if (known !== undefined) return known;
    const { batch, inputs: all } = this.loaded;
    const inputs = new Map(
      [...all].map(([name, { dtype, shape }]) => [
        name,
        { dtype, shape: this.hasSamples(shape) ? shape.with(0, size) : shape },
      ]),
    );
    const where = `${batch.file}: a batch of ${size} sample${size === 1 ? "" : "s"}`;
    const opened = openFor(this.loaded, inputs, { precision: this.options.precision, where });
    this.opened.set(size, opened);
    return opened;
  }

  /** The model, the loss and the tensors of a batch of these samples. */
  private prepare(samples: Uint32Array) {
    const opened = this.open(samples.length);
    const { loss, ...tensors } = attachLoss(opened, this.select(samples), {
      ...this.options,
      ...this.chosen,
    });
    this.chosen = { loss: loss.kind, reason: loss.reason };
    this.params ??= opened.params.map((weight) => weight.load());
    const feeds: Feeds = { params: this.params, ...tensors };
    return { opened, loss, feeds };
  }

  /** The loss and the gradients of the stored weights `names` on one batch. */
  async gradients(samples: Uint32Array, names: readonly string[]): Promise<BatchGradients> {
    const { opened, loss, feeds } = this.prepare(samples);
    const args = [...feeds.params, ...feeds.inputs, ...feeds.target];
    const { denominator } = loss;
    let compiled = this.programs.get(samples.length);
    if (compiled === undefined) {
      const program = await compileGradients({ opened, loss, names }, args, this.options);
      compiled = { program, denominator };
      this.programs.set(samples.length, compiled);
    }
    const results = namedGradients(names, await compiled.program.run(args));
    return { ...results, denominator, scale: compiled.denominator / denominator };
  }

  /** As `gradients`, with the blocked shares of all layers and what the weights below lose. */
  async shares(samples: Uint32Array, names: readonly string[]): Promise<BatchGradients & BatchShares> {
    const { opened, loss, feeds } = this.prepare(samples);
    const { denominator } = loss;
    const kept = this.measurers.find(({ size }) => size === samples.length);
    const { measurer, denominator: own } = kept ?? this.keepMeasurer({ opened, loss, names }, samples.length);
    const { layers, ...results } = await measurer.measure(feeds);
    return {
      ...results,
      denominator,
      scale: own / denominator,
      blocked: layers.map(({ shares }) => sharesOf(shares).blocked),
      removed: layers.map(({ weights }) => weights?.removed ?? null),
    };
  }

  /** As `gradients`, with all measurements of all layers. */
  async measure(samples: Uint32Array, names: readonly string[]): Promise<WholeMeasurement> {
    const { measurer, loss, feeds } = this.exactly(samples, names);
    return { ...(await measurer.measure(feeds)), denominator: loss.denominator, scale: 1, described: loss };
  }

  /** Whether `measure` needs at most half of this machine's memory for these samples, as planned. */
  async fits(samples: Uint32Array, names: readonly string[]): Promise<boolean> {
    const { measurer, feeds } = this.exactly(samples, names);
    return (await measurer.plannedBytes(feeds)) < memoryLimit() / 2;
  }

  /** What `prepare` gives, with a measurer that was made for the same denominator: no `scale`. */
  private exactly(samples: Uint32Array, names: readonly string[]) {
    const { opened, loss, feeds } = this.prepare(samples);
    const kept = this.measurers.find(
      ({ size, denominator }) => size === samples.length && denominator === loss.denominator,
    );
    const { measurer } = kept ?? this.keepMeasurer({ opened, loss, names }, samples.length);
    return { measurer, loss, feeds };
  }

  private keepMeasurer({ opened, loss, names }: WeightGradients, size: number): KeptMeasurer {
    const measurer = new ModelMeasurer(opened, loss, {
      ...this.options,
      cacheKey: "",
      cache: undefined,
      gradients: names,
      onProgress: () => {},
    });
    const kept = { measurer, size, denominator: loss.denominator };
    this.measurers.push(kept);
    return kept;
  }

  /**
   * The batch file with these samples only. Tensors without an axis of samples are kept as they
   * are.
   */
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
    for (const { measurer } of this.measurers) await measurer[Symbol.asyncDispose]();
    for (const { program } of this.programs.values()) await program.dispose();
  }
}

/** Bytes that this process may use: those of the machine, or fewer where it runs in a container. */
const memoryLimit = (): number => {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
};
