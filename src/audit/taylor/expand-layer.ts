import { Random } from "../../base/random.js";
import { castTensor, sizeOf, type Tensor } from "../../base/tensor.js";
import type { Device, ProgramCache } from "../../engine/index.js";
import type { Loss, OpenedLayer, OpenedModel } from "../../onnx/index.js";
import { normKinds } from "../../onnx/norms/kinds.js";
import { type Addresses, addressesOf, type FloatArray, standardize } from "../../theory/index.js";
import type { TaylorReport } from "../report/result.js";
import { couplesSamples, estimatedDiagonal, exactDiagonal, type Share } from "./hessian-diagonal.js";
import { type Feeds, frozenAbove, NetworkAbove } from "./network-above.js";
import { taylorTerms } from "./terms.js";

export interface ExpandOptions {
  readonly device?: Device;
  /** Random probes where diag(H) is estimated; their error falls with the root of it. Default 64. */
  readonly probes?: number;
  /** Of the random probes. Default 0. */
  readonly seed?: number;
  /** Where compiled graphs are looked for and kept. */
  readonly cache?: ProgramCache;
  readonly onProgress?: (step: string) => void;
}

/** Features of a sample up to which diag(H) is computed exactly, one product with H for each. */
const EXACT_FEATURES = 512;

/**
 * The exact Taylor terms of a network's loss at one normalization layer, expanded around ẑ = β, the mean of z, and how
 * much of each the layer's standardization lets through. The statistics of batch normalizations above are held at their
 * values on the batch. diag(H) is exact up to 512 features a sample, above it an estimate with error bars. No terms, and a
 * warning, where derivatives are not finite.
 * Source: Zhou et al. 2024, section 3; docs/theory.md, section 6.
 */
export async function expandLayer(
  opened: OpenedModel,
  layer: number,
  loss: Loss,
  feeds: Feeds,
  { device = "cpu", cache, probes = 64, seed = 0, onProgress = () => {} }: ExpandOptions = {},
): Promise<{ readonly taylor: TaylorReport | null; readonly warnings: readonly string[] }> {
  const { norm, layout, inputShape, centred } = opened.layers[layer];
  onProgress(`expanding the loss at ${norm.name}`);
  await using above = await NetworkAbove.compile(opened, layer, loss, feeds, { device, cache });
  const { x, z, point, scale } = above.values;
  const deviation = Float64Array.from(floats(z), (v, e) => v - floats(point)[e]);

  const tensor = (data: FloatArray): Tensor =>
    castTensor({ shape: z.shape, dtype: "float64", data }, opened.precision);
  const { gradient: first, product: second } = await above.at(point, tensor(deviation));
  const { gradient: whole } = await above.at(z, tensor(new Float64Array(deviation.length)));
  if (![first, second, whole].every(allFinite))
    return {
      taylor: null,
      warnings: [`${norm.name}: no Taylor terms, the derivatives there are not finite`],
    };

  const samples = inputShape[0];
  const features = sizeOf(inputShape.slice(1));
  const random = new Random(seed);
  let products = 0;
  const product = async (direction: Float64Array) => {
    onProgress(`expanding the loss at ${norm.name}: Hessian product ${++products}`);
    return floats((await above.at(point, tensor(direction))).product);
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
 * The elements that could share a loss: all of a channel for batch normalization, which standardizes them alike; for
 * other norms the same feature of all samples.
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
  `${name}: above it, the loss of one sample depends on other samples; the Taylor terms are those of the batch's loss as a whole`;

/** Where ẑ says little of the batch: at β = 0 a ReLU above turns off, its slope counts as 0; or all units above are off. */
function kinkWarning(name: string, point: FloatArray, first: FloatArray, whole: FloatArray): string[] {
  if (first.every((g) => g === 0) && whole.some((g) => g !== 0) && point.some((z) => z !== 0))
    return [
      `${name}: no gradient reaches the layer at ẑ, units above are off there: all is in the higher orders`,
    ];
  let silent = 0;
  for (let e = 0; e < point.length; e++) if (point[e] === 0 && first[e] === 0 && whole[e] !== 0) silent++;
  if (silent === 0) return [];
  const share = ((100 * silent) / point.length).toFixed(0);
  return [
    `${name}: β = 0 puts ẑ on the kink of a ReLU in ${share} % of the elements; its slope there counts as 0, so their first and second order are in the higher orders`,
  ];
}
