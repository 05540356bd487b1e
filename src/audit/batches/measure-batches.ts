import { UserError } from "../../base/errors.js";
import { deviationOf, meanOf } from "../../base/statistics.js";
import { type Agreement, agreementOf, type FloatArray, sharesOf } from "../../theory/index.js";
import type { LoadedModel } from "../load.js";
import type { ModelMeasurement } from "../measuring/measure-model.js";
import { type SampleBatches, shuffledCut } from "./cut-samples.js";
import { type BatchGradients, type RunnerOptions, SampleRunner } from "./sample-runner.js";

/** Mean and standard deviation of some numbers; the deviation of a single number is 0. */
export interface Spread {
  readonly mean: number;
  readonly sd: number;
}

/** How the gradients of batches compare with the gradient of the same samples as one batch. */
export interface AgreementOfBatches {
  /** cos(ĝ, g*) of your batches. */
  readonly value: number;
  /** ‖ĝ‖/‖g*‖ of your batches. */
  readonly gain: number;
  /** The agreement of random cuts into batches of the same sizes. */
  readonly shuffled: Spread;
  /** 1 − mean agreement of the random cuts: the effect of the batch size alone. */
  readonly sizeEffect: number;
  /** Mean agreement of the random cuts − agreement of your batches: the effect of their composition. */
  readonly compositionEffect: number;
}

/** The numbers of all batches. */
export interface BatchesMeasurement {
  readonly count: number;
  /** The mean loss of the batches, and the loss of all samples as one batch. */
  readonly meanLoss: number;
  readonly wholeLoss: number;
  readonly network: AgreementOfBatches | null;
  /** In the order of the model's layers. */
  readonly layers: readonly {
    readonly agreement: AgreementOfBatches | null;
    readonly blocked: Spread;
    readonly removed: Spread | null;
  }[];
  /** All samples measured as one batch. */
  readonly whole: ModelMeasurement;
}

export interface MeasureBatchesOptions extends RunnerOptions {
  /** Number of random cuts. */
  readonly cuts: number;
  readonly seed: number;
}

/**
 * Measures a model on the batches of `batches`, on random cuts of the same samples into batches of the
 * same sizes, and on all samples as one batch. Batch j weighs d_j/d_S in ĝ, where d is the number that
 * the loss divides by. Source: docs/theory.md, section 10.
 */
export async function measureBatches(
  loaded: LoadedModel,
  batches: SampleBatches,
  options: MeasureBatchesOptions,
): Promise<BatchesMeasurement> {
  if (batches.length === 0) throw new UserError(`${loaded.batch.file}: no batch is left to audit`);
  await using runner = new SampleRunner(loaded, options);
  const all = Uint32Array.from(batches.flatMap((batch) => [...batch])).sort();
  const opened = runner.open(all.length);
  const groups = opened.layers.map(({ linearOp }) => linearOp?.stored ?? []);
  const names = [...new Set([...opened.networkWeights, ...groups.flat()])];
  const total = 1 + (1 + options.cuts) * batches.length;
  let done = 0;
  const report = () => options.onProgress(`batch ${++done} of ${total}`);

  report();
  const whole = await runner.measure(all, names);
  const own = new WeightedMean();
  const measured: ModelMeasurement[] = [];
  for (const samples of batches) {
    report();
    const batch = await runner.measure(samples, names);
    own.add(batch, whole.denominator);
    measured.push({ ...batch, gradients: new Map() });
  }
  const agreements = (average: ReadonlyMap<string, FloatArray>): (Agreement | null)[] =>
    [opened.networkWeights, ...groups].map((group) => {
      const pairs = group.map((name) => ({
        average: average.get(name) as FloatArray,
        whole: whole.gradients.get(name)?.data as FloatArray,
      }));
      return agreementOf(
        pairs.map(({ average }) => average),
        pairs.map(({ whole }) => whole),
      );
    });
  const yours = agreements(own.gradients);
  const shuffled: (Agreement | null)[][] = [];
  for (let cut = 0; cut < options.cuts; cut++) {
    const mean = new WeightedMean();
    for (const samples of shuffledCut(batches, options.seed + cut)) {
      report();
      mean.add(await runner.gradients(samples, names), whole.denominator);
    }
    shuffled.push(agreements(mean.gradients));
  }
  const [network, ...layers] = yours.map((agreement, i) =>
    compared(
      agreement,
      shuffled.map((cut) => cut[i]),
    ),
  );
  return {
    count: batches.length,
    meanLoss: own.loss,
    wholeLoss: whole.loss,
    network,
    layers: layers.map((agreement, i) => ({
      agreement,
      blocked: spreadOf(measured.map((batch) => sharesOf(batch.layers[i].shares).blocked)),
      removed: spreadOfRemoved(measured, i),
    })),
    whole,
  };
}

const spreadOf = (values: readonly number[]): Spread => ({
  mean: meanOf(values),
  sd: deviationOf(values) ?? 0,
});

function spreadOfRemoved(measured: readonly ModelMeasurement[], layer: number): Spread | null {
  const removed = measured.flatMap(({ layers }) => layers[layer].weights?.removed ?? []);
  return removed.length === 0 ? null : spreadOf(removed);
}

function compared(own: Agreement | null, cuts: readonly (Agreement | null)[]): AgreementOfBatches | null {
  const values = cuts.flatMap((cut) => cut?.agreement ?? []);
  if (own === null || values.length === 0) return null;
  const shuffled = spreadOf(values);
  return {
    value: own.agreement,
    gain: own.gain,
    shuffled,
    sizeEffect: 1 - shuffled.mean,
    compositionEffect: shuffled.mean - own.agreement,
  };
}

/** Σ_j (d_j/d_S) of losses and gradients, in float64. */
class WeightedMean {
  loss = 0;
  readonly gradients = new Map<string, Float64Array>();

  add({ loss, gradients, denominator }: BatchGradients, total: number): void {
    const weight = denominator / total;
    this.loss += weight * loss;
    for (const [name, { data }] of gradients) {
      let sum = this.gradients.get(name);
      if (sum === undefined) {
        sum = new Float64Array(data.length);
        this.gradients.set(name, sum);
      }
      for (let i = 0; i < data.length; i++) sum[i] += weight * data[i];
    }
  }
}
