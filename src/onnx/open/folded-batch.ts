import { sizeOf } from "../../base/tensor.js";
import {
  type GroupLayout,
  groupNormLayout,
  instanceNormLayout,
  layerNormLayout,
} from "../../theory/layout.js";
import type { NormKind } from "../norms/kinds.js";

/** What a batch normalization computes whose first axis does not hold the samples. */
export interface FoldedBatch {
  readonly kind: NormKind;
  /** The same groups, by sample. */
  readonly layout: GroupLayout;
}

/**
 * Recognizes other normalizations that are written as a batch normalization of [1, rows, …], where
 * the rows hold samples: instance norm [1, N·C, …], group norm [1, N·groups, …], and layer norm [1,
 * N, …] or [1, N·T, features, 1], as Keras writes it. Each row then has its own mean and variance.
 *
 * @param input - Shape of the batch normalization's input.
 * @param source - Shape of the value that was reshaped to it.
 * @param samples - Number of samples in the batch.
 * @returns The normalization, or null where the rows hold no samples.
 */
export function foldedBatch(
  input: readonly number[],
  source: readonly number[],
  samples: number,
): FoldedBatch | null {
  const [first, rows, ...positions] = input;
  if (first !== 1 || samples < 2 || source[0] !== samples || source.length < 2 || rows % samples !== 0)
    return null;
  const perSample = rows / samples;
  const size = sizeOf(positions);
  const layerNorm = { kind: "layer", layout: layerNormLayout([rows, size], 1) } as const;
  if (perSample === 1) return layerNorm;
  const [channels, ...rest] = source.slice(1);
  // Keras appends an axis of size 1 to the features that it normalizes.
  const isKeras = positions.length > 1 && positions.at(-1) === 1 && rest.at(-1) === size;
  if (perSample === channels && !isKeras)
    return { kind: "instance", layout: instanceNormLayout([samples, channels, size]) };
  if (perSample < channels && channels % perSample === 0)
    return { kind: "group", layout: groupNormLayout([samples, perSample, size], perSample) };
  return perSample >= channels ? layerNorm : null;
}
