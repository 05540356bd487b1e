import { Random } from "../../base/random.js";
import { castTensor, sizeOf, type Tensor } from "../../base/tensor.js";
import type { Device, ProgramCache } from "../../engine/index.js";
import type { OpenedLayer } from "../../onnx/index.js";
import { normKinds } from "../../onnx/norms/kinds.js";
import { type Addresses, addressesOf, type FloatArray, standardize } from "../../theory/index.js";
import type { TaylorReport } from "../report/result.js";
import { couplesSamples, estimatedDiagonal, exactDiagonal, type Share } from "./hessian-diagonal.js";
import { frozenAbove, type LossAtLayer, NetworkAbove } from "./network-above.js";
import { taylorTerms } from "./terms.js";

/** Settings of `expandLayer`; all are optional. */
export interface ExpandOptions {
  /** Where the graphs run: `cpu`, `cuda` or `webgpu`. Default `cpu`. */
  readonly device?: Device;
  /**
   * Number of random probes where diag(H) is estimated. The error of the estimate falls with the
   * square root of this number. Default 64.
   */
  readonly probes?: number;
  /** Seed of the random probes. Default 0. */
  readonly seed?: number;
  /** Where compiled graphs are looked up and stored. Without it, every call compiles. */
  readonly cache?: ProgramCache;
  /** Called with one line of text before each step. */
  readonly onProgress?: (step: string) => void;
}

/**
 * Up to this many features of a sample, diag(H) is computed exactly: one product with H for each
 * feature.
 */
const EXACT_FEATURES = 512;

/**
 * Computes the Taylor terms of a network's loss at one normalization layer, and how much of each
 * term the standardization of the layer passes.
 *
 * With g and H the gradient and Hessian of the loss with respect to z at ẑ = β (the z of y = 0),
 * the gradient of the loss at z is the sum of four terms:
 *
 *     g  +  diag(H)(z − ẑ)  +  (H − diag(H))(z − ẑ)  +  higher orders
 *
 * Each term is reported by three lengths: at z, at x if mean and σ were constants (`open`), and at
 * x as it is (`passed`). The statistics of batch normalizations above the layer are held at their
 * values on the batch. diag(H) is exact up to 512 features a sample; above that, or if samples
 * depend on each other, it is an estimate with standard errors. `auditModel` calls this function
 * for its option `taylor`.
 *
 * Source: Zhou et al. 2024, section 3; docs/theory.md, section 6.
 * @param at - The opened model, the index of the layer in `opened.layers`, the loss, and the
 * tensors to run on.
 * @param options - Device, probes, cache and progress.
 * @returns The terms and warnings about how to read them. `taylor` is null if a derivative is not
 * finite.
 * @example
 * ```ts
 * import { expandLayer } from "blindspot/audit";
 * import { findNorms, matchInputs, openModel, readModel, resolveLoss } from "blindspot/onnx";
 * import { readTensors } from "blindspot/tensor-files";
 *
 * const file = "examples/one-class.npz";
 * const batch = { file, tensors: await readTensors(file) };
 * const model = await readModel("examples/glyphs.onnx");
 * const inputs = matchInputs(model, batch, {});
 * const opened = openModel(model, findNorms(model), { inputs, precision: "float32" });
 * const loss = resolveLoss("cross-entropy", opened, batch);
 * const feeds = {
 *   params: opened.params.map((parameter) => parameter.load()),
 *   inputs: [...inputs.values()],
 *   target: loss.target === null ? [] : [loss.target],
 * };
 * const { taylor } = await expandLayer({ opened, layer: 3, loss, feeds });
 * console.log(taylor?.terms.first);
 * ```
 */
export async function expandLayer(
  at: LossAtLayer,
  { device = "cpu", cache, probes = 64, seed = 0, onProgress = () => {} }: ExpandOptions = {},
): Promise<{ readonly taylor: TaylorReport | null; readonly warnings: readonly string[] }> {
  const { opened, layer } = at;
  const { norm, layout, inputShape, samples, centred } = opened.layers[layer];
  onProgress(`expanding the loss at ${norm.name}`);
  await using above = await NetworkAbove.compile(at, { device, cache });
  const { x, z, point, scale } = above.values;
  const deviation = Float64Array.from(floats(z), (v, e) => v - floats(point)[e]);

  const tensor = (data: FloatArray): Tensor =>
    castTensor({ shape: z.shape, dtype: "float64", data }, opened.precision);
  const { gradient: first, product: second } = await above.derivativesAt(point, tensor(deviation));
  const { gradient: whole } = await above.derivativesAt(z, tensor(new Float64Array(deviation.length)));
  if (![first, second, whole].every(allFinite))
    return {
      taylor: null,
      warnings: [
        `${norm.name}: --taylor: no Taylor terms, because the derivatives of the loss at this layer are NaN or infinite`,
      ],
    };

  const features = sizeOf(inputShape) / samples;
  const random = new Random(seed);
  let products = 0;
  const product = async (direction: Float64Array) => {
    onProgress(`expanding the loss at ${norm.name}: Hessian product ${++products}`);
    return floats((await above.derivativesAt(point, tensor(direction))).product);
  };
  const share = shareOver(sharingElements(opened.layers[layer], samples, features));
  const coupled = await couplesSamples(product, samples, features, random);
  const exact = features <= EXACT_FEATURES && !coupled;
  const diagonal = exact
    ? await exactDiagonal(product, samples, features, share)
    : await estimatedDiagonal(product, deviation.length, share, { probes, random });

  return {
    taylor: {
      features,
      diagonal: exact
        ? { method: "exact", products: features }
        : { method: "hutchinson", products: probes, seed },
      frozen: frozenAbove(opened, layer).map((i) => opened.layers[i].norm.name),
      terms: taylorTerms(
        { deviation, first: floats(first), second: floats(second), diagonal, whole: floats(whole) },
        {
          layout,
          standardized: standardize(floats(x), layout, { epsilon: norm.epsilon, centred }),
          scale: floats(scale),
          share,
        },
      ),
    },
    warnings: [
      ...(coupled ? [couplingWarning(norm.name)] : []),
      ...kinkWarning(norm.name, floats(point), floats(first), floats(whole)),
    ],
  };
}

const allFinite = ({ data }: Tensor): boolean => data.every(Number.isFinite);
const floats = ({ data }: Tensor): FloatArray => data as FloatArray;

/**
 * The sets of elements over which a shared part is averaged. Batch normalization: all elements of a
 * channel, because they share one mean and variance. Other normalizations: the same feature in all
 * samples.
 */
function sharingElements({ norm, layout }: OpenedLayer, samples: number, features: number): Addresses {
  if (normKinds[norm.kind].acrossSamples) return addressesOf(layout);
  return {
    starts: Uint32Array.from({ length: features }, (_, d) => d),
    offsets: Uint32Array.from({ length: samples }, (_, i) => i * features),
  };
}

const shareOver =
  ({ starts, offsets }: Addresses): Share =>
  (values) => {
    const result = new Float64Array(values.length);
    for (const start of starts) {
      let sum = 0;
      for (const offset of offsets) sum += values[start + offset];
      for (const offset of offsets) result[start + offset] = sum / offsets.length;
    }
    return result;
  };

const couplingWarning = (name: string): string =>
  `${name}: above this layer, the loss of one sample depends on other samples; the Taylor terms are those of the loss of the whole batch`;

/**
 * Warns where derivatives at ẑ say little about the batch: at β = 0 a ReLU above sits on its kink
 * and its slope counts as 0, or all units above are off.
 */
function kinkWarning(name: string, point: FloatArray, first: FloatArray, whole: FloatArray): string[] {
  if (first.every((g) => g === 0) && whole.some((g) => g !== 0) && point.some((z) => z !== 0))
    return [
      `${name}: no gradient reaches this layer at ẑ, because all units above are off there; the whole gradient is in the higher orders`,
    ];
  let silent = 0;
  for (let e = 0; e < point.length; e++) if (point[e] === 0 && first[e] === 0 && whole[e] !== 0) silent++;
  if (silent === 0) return [];
  const share = ((100 * silent) / point.length).toFixed(0);
  return [
    `${name}: β = 0 puts ẑ on the kink of a ReLU in ${share} % of the elements; the slope counts as 0 there, so their first and second order are part of the higher orders`,
  ];
}
