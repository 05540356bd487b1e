import type { Tensor, TensorSpec } from "../../base/tensor.js";
import type { Device, Program, ProgramCache } from "../../engine/index.js";
import { compileForMeasuring } from "../../measure/compile-for-measuring.js";
import { determineShares, type FeatureResults, sharesFromResults } from "../../measure/feature-results.js";
import { scaledNorm } from "../../measure/scaled-norm.js";
import type { Loss, OpenedLayer, OpenedModel } from "../../onnx/index.js";
import {
  leakFromSigma,
  overChance,
  removedChance,
  type WeightLoss,
  weightLoss,
  weightSumsFromGram,
  withNothingBlocked,
} from "../../theory/index.js";
import { finiteOrNull } from "../report/finite.js";
import type { LayerMeasurement } from "../report/layer.js";
import type { WeightsReport } from "../report/result.js";
import { layerWarnings } from "../report/warnings.js";
import type { Feeds } from "./feeds.js";
import { measuringFunction } from "./measuring-function.js";
import { measuringKey } from "./program-key.js";
import { type LayerResults, type LayoutOptions, type ResultLayout, resultLayout } from "./result-layout.js";

/** The numbers of a model on one batch. */
export interface ModelMeasurement {
  /** The loss; NaN or infinite where it has no finite value. */
  readonly loss: number;
  readonly layers: readonly LayerMeasurement[];
  /** Gradients of stored weights, where they were asked for. */
  readonly gradients: ReadonlyMap<string, Tensor>;
}

export interface MeasureOptions {
  readonly device: Device;
  readonly cache?: ProgramCache;
  /** Describes everything that the program depends on besides the opened model; the cache's key. */
  readonly cacheKey: string;
  /** Names of the stored weights whose gradients are returned too. Default none. */
  readonly gradients?: readonly string[];
  readonly onProgress: (step: string) => void;
  /**
   * Receives the measuring graph, an ONNX file, before it runs. The graph then keeps to standard
   * ONNX.
   */
  readonly onGraph?: (bytes: Uint8Array) => void;
}

/**
 * Measures all layers of an opened model in one forward and one backward pass. May be used for many
 * batches of one shape: its programs are compiled at their first use and kept until disposal.
 */
export class ModelMeasurer implements AsyncDisposable {
  private readonly compiled = new Map<
    boolean,
    { readonly layout: ResultLayout; readonly program: Program }
  >();

  constructor(
    private readonly opened: OpenedModel,
    private readonly loss: Loss,
    private readonly options: MeasureOptions,
  ) {}

  /**
   * If the sums of a large layer leave a doubt, the batch is measured once more with y and G in
   * full.
   */
  async measure(feeds: Feeds): Promise<ModelMeasurement> {
    const { layers, precision } = this.opened;
    let { layout, results } = await this.run(feeds, { full: false });
    if (layers.some((layer, i) => !determineShares(layer, features(layout.layers[i], results))))
      ({ layout, results } = await this.run(feeds, { full: true }));
    return {
      loss: results[layout.loss].data[0],
      layers: layers.map((layer, i) => {
        this.options.onProgress(`layer ${i + 1} of ${layers.length}: ${layer.norm.name}`);
        return measurementOf(layer, layout.layers[i], results, precision);
      }),
      gradients: new Map([...layout.gradients].map(([name, position]) => [name, results[position]])),
    };
  }

  /** Most bytes that a measurement of tensors of these shapes needs at once, as planned. */
  async plannedBytes(feeds: Feeds): Promise<number> {
    return (await this.programFor(listed(feeds), { full: false })).program.memory.peak;
  }

  private async run(
    feeds: Feeds,
    { full }: { readonly full: boolean },
  ): Promise<{ layout: ResultLayout; results: readonly Tensor[] }> {
    const tensors = listed(feeds);
    const { layout, program } = await this.programFor(tensors, { full });
    this.options.onProgress("running");
    return { layout, results: await program.run(tensors) };
  }

  private async programFor(specs: readonly TensorSpec[], { full }: { readonly full: boolean }) {
    const known = this.compiled.get(full);
    if (known !== undefined) return known;
    this.options.onProgress("differentiating");
    const compiled = await this.compile(specs, { full, gradients: this.options.gradients ?? [] });
    this.compiled.set(full, compiled);
    return compiled;
  }

  private async compile(specs: readonly TensorSpec[], what: Required<LayoutOptions>) {
    const { device, cache, cacheKey, onGraph } = this.options;
    const layout = resultLayout(this.opened, what);
    const program = await compileForMeasuring(measuringFunction(this.opened, this.loss, layout), specs, {
      device,
      cache,
      portable: onGraph !== undefined,
      key: cache && measuringKey(this.opened.model, [cacheKey, JSON.stringify(what)]),
    });
    onGraph?.(program.bytes);
    return { layout, program };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { program } of this.compiled.values()) await program.dispose();
    this.compiled.clear();
  }
}

/** The tensors in the order in which a measuring program takes them. */
const listed = ({ params, inputs, target }: Feeds): readonly Tensor[] => [...params, ...inputs, ...target];

/** The features of one layer among the results. */
export function features({ features: at }: LayerResults, results: readonly Tensor[]): FeatureResults {
  if ("sums" in at) return { sums: results[at.sums] };
  return { y: results[at.y], cotangent: results[at.cotangent] };
}

/** The numbers of one layer, from the results of the measuring program. */
function measurementOf(
  layer: OpenedLayer,
  at: LayerResults,
  results: readonly Tensor[],
  precision: "float32" | "float64",
): LayerMeasurement {
  const { norm, layout, groupedBy, samples } = layer;
  const floats = (position: number) => results[position].data as Float32Array | Float64Array;
  const length = (squared: number | null) => (squared === null ? 0 : Math.sqrt(floats(squared)[0]));
  const listed = { channel: layout.groupInner, sample: samples, group: layout.groupInner };
  const split = sharesFromResults(layer, features(at, results));
  const shares = norm.frozen ? withNothingBlocked(split) : split;
  const sigma = floats(at.sigma);
  const scale = scaledNorm(shares.energy, sigma);
  const error = length(at.identityError);
  return {
    name: norm.name,
    kind: norm.kind,
    op: norm.op,
    mode: norm.mode,
    groupedBy,
    channelCount: listed[groupedBy],
    epsilon: norm.epsilon,
    shares,
    leak: norm.frozen || norm.deviation ? null : leakFromSigma(sigma, norm.epsilon),
    weights: at.weights && {
      name: at.weights.name,
      ...withChance(
        weightLoss(weightSumsFromGram(floats(at.weights.gram))),
        at.weights.chance === null ? null : floats(at.weights.chance),
      ),
    },
    affine:
      at.gamma === null && at.beta === null
        ? null
        : { gradGamma: length(at.gamma), gradBeta: length(at.beta) },
    identityResidual: finiteOrNull(scale === 0 ? error : error / scale),
    hasStatistics: Array.from(sigma).some((value) => value !== Number.POSITIVE_INFINITY),
    warnings: layerWarnings({ name: norm.name, groupedBy, shares, sigma, precision }),
  };
}

/**
 * Adds the chance level of `removed`, from the vector of the measuring program; null for a frozen
 * layer, which removes nothing.
 */
function withChance(loss: WeightLoss, sums: Float32Array | Float64Array | null): Omit<WeightsReport, "name"> {
  if (sums === null) return { ...loss, chance: 0, chanceSd: null, overChance: 0 };
  const level = removedChance({ open: sums[0], removed: sums.subarray(1) });
  if (level === null) return { ...loss, chance: null, chanceSd: null, overChance: null };
  return { ...loss, ...level, overChance: overChance(loss.removed, level.chance) };
}
