import type { Tensor } from "../../base/tensor.js";
import type { Device, ProgramCache } from "../../engine/index.js";
import { compileForMeasuring } from "../../measure/compile-for-measuring.js";
import { determineShares, type FeatureResults, sharesFromResults } from "../../measure/feature-results.js";
import { scaledNorm } from "../../measure/scaled-norm.js";
import type { OpenedLayer } from "../../onnx/index.js";
import { leakFromSigma, weightLoss, weightSumsFromGram } from "../../theory/index.js";
import type { OpenedAudit } from "../open.js";
import { finiteOrNull } from "../report/finite.js";
import type { LayerMeasurement } from "../report/layer.js";
import { layerWarnings } from "../report/warnings.js";
import { measuringFunction } from "./measuring-function.js";
import { measuringKey } from "./program-key.js";
import { type LayerResults, type LayoutOptions, type ResultLayout, resultLayout } from "./result-layout.js";

/** The numbers of a model on one batch. */
export interface ModelMeasurement {
  /** The loss; NaN or infinite where it has no finite value. */
  readonly loss: number;
  readonly layers: readonly LayerMeasurement[];
}

export interface MeasureOptions {
  readonly device: Device;
  readonly cache?: ProgramCache;
  /** Describes everything that the program depends on besides the opened model; the cache's key. */
  readonly cacheKey: string;
  readonly onProgress: (step: string) => void;
  /**
   * Receives the measuring graph, an ONNX file, before it runs. The graph then keeps to standard
   * ONNX.
   */
  readonly onGraph?: (bytes: Uint8Array) => void;
}

/**
 * Measures all layers of an opened model in one forward and one backward pass. If the sums of a
 * large layer leave a doubt, the model is measured once more with y and G in full.
 */
export async function measureModel(audit: OpenedAudit, options: MeasureOptions): Promise<ModelMeasurement> {
  const { layers, precision } = audit.opened;
  let { layout, results } = await runMeasuringProgram(audit, options, {});
  if (layers.some((layer, i) => !determineShares(layer, features(layout.layers[i], results))))
    ({ layout, results } = await runMeasuringProgram(audit, options, { full: true }));
  return {
    loss: results[layout.loss].data[0],
    layers: layers.map((layer, i) => {
      options.onProgress(`layer ${i + 1} of ${layers.length}: ${layer.norm.name}`);
      return measurementOf(layer, layout.layers[i], results, precision);
    }),
  };
}

async function runMeasuringProgram(
  { opened, loss, inputs, target }: OpenedAudit,
  { device, cache, cacheKey, onProgress, onGraph }: MeasureOptions,
  { full = false }: LayoutOptions,
): Promise<{ layout: ResultLayout; results: readonly Tensor[] }> {
  onProgress("differentiating");
  const layout = resultLayout(opened, { full });
  const specs = [...opened.params.map(({ spec }) => spec), ...inputs, ...target];
  await using program = await compileForMeasuring(measuringFunction(opened, loss, layout), specs, {
    device,
    cache,
    portable: onGraph !== undefined,
    key: cache && measuringKey(opened.model, [cacheKey, JSON.stringify({ full })]),
  });
  onGraph?.(program.bytes);
  onProgress("running");
  const results = await program.run([...opened.params.map((weight) => weight.load()), ...inputs, ...target]);
  return { layout, results };
}

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
  const { norm, layout, groupedBy, inputShape } = layer;
  const floats = (position: number) => results[position].data as Float32Array | Float64Array;
  const length = (squared: number | null) => (squared === null ? 0 : Math.sqrt(floats(squared)[0]));
  const listed = { channel: inputShape[1], sample: inputShape[0], group: layout.groupInner };
  const shares = sharesFromResults(layer, features(at, results));
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
    leak: leakFromSigma(sigma, norm.epsilon),
    weights: at.weights && {
      name: at.weights.name,
      ...weightLoss(weightSumsFromGram(floats(at.weights.gram))),
    },
    affine:
      at.gamma === null && at.beta === null
        ? null
        : { gradGamma: length(at.gamma), gradBeta: length(at.beta) },
    identityResidual: finiteOrNull(scale === 0 ? error : error / scale),
    warnings: layerWarnings({ name: norm.name, groupedBy, shares, sigma, precision }),
  };
}
