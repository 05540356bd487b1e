import { UserError } from "../../base/errors.js";
import { Random } from "../../base/random.js";
import { showShape, type Tensor } from "../../base/tensor.js";

/** The samples of each batch, by their position in the file. */
export type SampleBatches = readonly Uint32Array[];

/** How `--batches` cuts the samples into batches. */
export type BatchRule =
  | { readonly by: "key"; readonly key: string }
  | { readonly by: "size" | "shuffled" | "label"; readonly size: number };

/**
 * The rule that `--batches` names: `size:64` (file order), `shuffled:64` (random order), `label:64`
 * (one class per batch), or the name of a key with one integer per sample, which says the sample's
 * batch.
 *
 * @throws UserError where a size is no whole number from 1 on.
 */
export function parseBatches(text: string): BatchRule {
  const [, by, size] = /^(size|shuffled|label):(.*)$/.exec(text) ?? [];
  if (by === undefined) return { by: "key", key: text };
  if (!/^[1-9]\d*$/.test(size))
    throw new UserError(`--batches ${text}: expected a batch size such as ${by}:64, got ${by}:${size}`);
  return { by: by as "size", size: Number(size) };
}

/** The samples that are cut, and how. */
export interface CutOptions {
  /** Name of the file, for messages. */
  readonly file: string;
  /** The number of samples. */
  readonly count: number;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Key of the class numbers. */
  readonly labelKey: string;
  readonly seed: number;
  /** Leaves out a last batch that is smaller than the size asked for. */
  readonly dropLast: boolean;
}

/**
 * Cuts samples into batches by a rule. Every sample is in one batch; a last partial batch is kept
 * unless `dropLast` is set.
 *
 * @throws UserError where the key is missing or does not hold one integer per sample.
 */
export function cutIntoBatches(rule: BatchRule, options: CutOptions): SampleBatches {
  const { count, seed } = options;
  const inOrder = Uint32Array.from({ length: count }, (_, i) => i);
  switch (rule.by) {
    case "key":
      return groupBy(integersOf(rule.key, options));
    case "size":
      return inRuns(inOrder, rule.size, options);
    case "shuffled":
      return inRuns(shuffled(inOrder, seed), rule.size, options);
    case "label":
      return groupBy(integersOf(options.labelKey, options)).flatMap((samples) =>
        inRuns(samples, rule.size, options),
      );
  }
}

/** A random cut of the samples of `batches` into batches of the same sizes. */
export function shuffledCut(batches: SampleBatches, seed: number): SampleBatches {
  const samples = shuffled(Uint32Array.from(batches.flatMap((batch) => [...batch])), seed);
  return consecutive(batches.map(({ length }) => length)).map((places) =>
    places.map((place) => samples[place]),
  );
}

/** Batches of these sizes, one after another in the order of the file. */
export function consecutive(sizes: readonly number[]): SampleBatches {
  let next = 0;
  return sizes.map((size) => Uint32Array.from({ length: size }, () => next++));
}

const shuffled = (samples: Uint32Array, seed: number): Uint32Array =>
  Uint32Array.from(new Random(seed).shuffle([...samples]));

function inRuns(
  samples: Uint32Array,
  size: number,
  { dropLast }: Pick<CutOptions, "dropLast">,
): Uint32Array[] {
  const runs: Uint32Array[] = [];
  for (let start = 0; start < samples.length; start += size) runs.push(samples.subarray(start, start + size));
  return dropLast ? runs.filter(({ length }) => length === size) : runs;
}

/** The positions of each value, in the order in which the values appear. */
function groupBy(values: ArrayLike<number>): Uint32Array[] {
  const groups = new Map<number, number[]>();
  for (let i = 0; i < values.length; i++) {
    const group = groups.get(values[i]);
    if (group) group.push(i);
    else groups.set(values[i], [i]);
  }
  return [...groups.values()].map((group) => Uint32Array.from(group));
}

function integersOf(key: string, { file, tensors, count }: CutOptions): ArrayLike<number> {
  const tensor = tensors.get(key);
  if (tensor === undefined)
    throw new UserError(
      `${file}: no key "${key}" to cut batches by; the file has ${[...tensors.keys()].join(", ")}; or say --batches size:64, shuffled:64 or label:64`,
    );
  const whole = tensor.dtype !== "bool" && Array.prototype.every.call(tensor.data, Number.isInteger);
  if (!whole || tensor.data.length !== count)
    throw new UserError(
      `${file}: key "${key}": expected one whole number for each of ${count} samples, got ${showShape(tensor.shape)} ${whole ? "whole numbers" : "other numbers"}`,
    );
  return tensor.data;
}
