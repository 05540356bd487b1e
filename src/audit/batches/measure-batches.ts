import { UserError } from "../../base/errors.js";
import { timeLeft } from "../../base/time-left.js";
import { type Agreement, agreementOf, type FloatArray } from "../../theory/index.js";
import type { LoadedModel } from "../load.js";
import type { AgreementReport, BatchesReport } from "../report/result.js";
import { compared, type Spread, spreadOf } from "./compared.js";
import { type SampleBatches, shuffledCut } from "./cut-samples.js";
import { GradientMean, meanOfGradients } from "./gradient-mean.js";
import {
  type BatchShares,
  type RunnerOptions,
  SampleRunner,
  type WholeMeasurement,
} from "./sample-runner.js";

/** The numbers of all batches. */
export interface BatchesMeasurement {
  readonly count: number;
  readonly sizes: BatchesReport["sizes"];
  readonly reference: BatchesReport["reference"];
  /** The mean loss of your batches. */
  readonly meanLoss: number;
  readonly network: AgreementReport | null;
  /** In the order of the model's layers. */
  readonly layers: readonly {
    readonly agreement: AgreementReport | null;
    readonly blocked: Spread;
    readonly removed: Spread | null;
  }[];
  /**
   * All samples as one batch; the first batch of the first cut where random cuts are the reference.
   */
  readonly referenceBatch: WholeMeasurement;
  readonly warnings: {
    /** Differences between the model's file and how it is run here. */
    readonly opened: readonly string[];
    /** Says so where random cuts are the reference. */
    readonly reference: readonly string[];
  };
}

export interface MeasureBatchesOptions extends RunnerOptions {
  /** Number of random cuts, from 1 on. */
  readonly cuts: number;
  readonly seed: number;
  /**
   * What the batches are compared with: all samples as one batch, or the mean over the random cuts.
   */
  readonly reference?: BatchesReport["reference"];
}

/**
 * Measures a model on your batches, on random cuts of the same samples into batches of the same
 * sizes, and on the reference. Batch j weighs d_j/d_S in ĝ, where d is the number that the loss
 * divides by. Source: docs/theory.md, section 10.
 */
export async function measureBatches(
  loaded: LoadedModel,
  batches: SampleBatches,
  options: MeasureBatchesOptions,
): Promise<BatchesMeasurement> {
  const { cuts, seed, onProgress } = options;
  if (batches.length === 0)
    throw new UserError(
      `${loaded.batch.file}: no batch is left to audit; give more samples or smaller batches`,
    );
  await using runner = new SampleRunner(loaded, options);
  // A size that the model refuses is found before anything runs.
  for (const size of new Set(batches.map(({ length }) => length))) runner.open(size);
  const { layers, networkWeights, warnings } = runner.open(batches[0].length);
  const groups = [networkWeights, ...layers.map(({ linearOp }) => linearOp?.stored ?? [])];
  const names = [...new Set(groups.flat())];
  const next = countedProgress(1 + (1 + cuts) * batches.length, onProgress);
  const all = Uint32Array.from(batches.flatMap((batch) => [...batch])).sort();
  const reference = options.reference ?? ((await runner.fits(all, names)) ? "whole" : "cuts");
  if (reference === "cuts" && cuts < 2)
    throw new UserError(
      `${loaded.batch.file}: the ${all.length} samples as one batch would need too much memory, so random cuts are the reference: expected at least 2 cuts, got ${cuts}; give --cuts 3, or --reference whole`,
    );

  const sum = new GradientMean();
  const shares: BatchShares[] = [];
  for (const samples of batches) {
    next();
    const { blocked, removed, ...batch } = await runner.shares(samples, names);
    sum.add(batch);
    shares.push({ blocked, removed });
  }
  const own = sum.means();
  const shuffled: Gradients[] = [];
  for (let cut = 0; cut < cuts; cut++) {
    const sum = new GradientMean();
    for (const samples of shuffledCut(batches, seed + cut)) {
      next();
      sum.add(await runner.gradients(samples, names));
    }
    shuffled.push(sum.means().gradients);
  }
  next();
  const whole = reference === "whole";
  const referenceBatch = await runner.measure(whole ? all : shuffledCut(batches, seed)[0], names);

  const [network, ...ofLayers] = agreementsOf(groups, {
    own: own.gradients,
    cuts: shuffled,
    whole: whole ? floatsOf(referenceBatch) : null,
  });
  const lengths = batches.map(({ length }) => length);
  return {
    count: batches.length,
    sizes: { min: Math.min(...lengths), max: Math.max(...lengths) },
    reference,
    meanLoss: own.loss,
    network,
    layers: ofLayers.map((agreement, i) => ({
      agreement,
      blocked: spreadOf(shares.map(({ blocked }) => blocked[i])),
      removed: spreadOfRemoved(shares, i),
    })),
    referenceBatch,
    warnings: { opened: warnings, reference: whole ? [] : [cutsAreReference(loaded, all.length, options)] },
  };
}

const cutsAreReference = (
  { batch }: LoadedModel,
  samples: number,
  { cuts, reference }: MeasureBatchesOptions,
): string =>
  `${batch.file}: the ${samples} samples are compared with the mean of ${cuts} random cuts instead of with one batch of all samples${reference === undefined ? ", which would need too much memory; --reference whole overrides this" : ""}; shares, weights and channels of the layers are those of the first batch of the first cut`;

type Gradients = ReadonlyMap<string, FloatArray>;

const floatsOf = ({ gradients }: WholeMeasurement): Gradients =>
  new Map([...gradients].map(([name, { data }]) => [name, data as FloatArray]));

/**
 * Compares your batches and the random cuts with the reference, once for each group of weights.
 * Where the reference is the mean of the random cuts (`whole` is null), each cut is compared with
 * the mean of the others, so that it is not compared with itself.
 */
function agreementsOf(
  groups: readonly (readonly string[])[],
  of: { readonly own: Gradients; readonly cuts: readonly Gradients[]; readonly whole: Gradients | null },
): (AgreementReport | null)[] {
  const { own, cuts, whole } = of;
  const reference = whole ?? meanOfGradients(cuts);
  const ofCuts = cuts.map((cut) => whole ?? meanOfGradients(cuts.filter((other) => other !== cut)));
  return groups.map((names) =>
    compared(
      agreementWithin(names, own, reference),
      cuts.map((cut, i) => agreementWithin(names, cut, ofCuts[i])),
      { sizeIsKnown: whole !== null },
    ),
  );
}

function agreementWithin(names: readonly string[], average: Gradients, whole: Gradients): Agreement | null {
  const of = (gradients: Gradients): FloatArray[] =>
    names.map((name) => {
      const values = gradients.get(name);
      if (values === undefined) throw new Error(`no gradient of ${name}`);
      return values;
    });
  return agreementOf(of(average), of(whole));
}

function spreadOfRemoved(shares: readonly BatchShares[], layer: number): Spread | null {
  const removed = shares.flatMap((batch) => batch.removed[layer] ?? []);
  return removed.length === 0 ? null : spreadOf(removed);
}

/** Reports `batch 3 of 20, about 12 s left`. */
function countedProgress(total: number, onProgress: (step: string) => void): () => void {
  let done = 0;
  const started = performance.now();
  return () => {
    const perBatch = (performance.now() - started) / 1000 / done;
    const left = done === 0 ? "" : `, about ${timeLeft(perBatch * (total - done))} left`;
    onProgress(`batch ${++done} of ${total}${left}`);
  };
}
