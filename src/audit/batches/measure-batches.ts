import { UserError } from "../../base/errors.js";
import type { FloatArray } from "../../theory/index.js";
import { type Agreement, agreementOf, sharesOf } from "../../theory/index.js";
import type { LoadedModel } from "../load.js";
import type { ModelMeasurement } from "../measuring/measure-model.js";
import { type Batching, shuffledCut } from "./batching.js";
import { type BatchGradients, type RunnerOptions, SampleRunner } from "./sample-runner.js";
import { meanAndDeviation, type Spread } from "./spread.js";

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
 * Measures a model on the batches of `batching`, on random cuts of the same samples into batches of the
 * same sizes, and on all samples as one batch. Batch j weighs d_j/d_S in ĝ, where d is the number that
 * the loss divides by. Source: docs/theory.md, section 10.
 */
export async function measureBatches(
  loaded: LoadedModel,
  batching: Batching,
  options: MeasureBatchesOptions,
): Promise<BatchesMeasurement> {
  if (batching.length === 0) throw new UserError(`${loaded.batch.file}: no batch is left to audit`);
  await using runner = new SampleRunner(loaded, options);
  const all = Uint32Array.from(batching.flatMap((batch) => [...batch])).sort();
  const { opened } = runner.prepare(all);
  const groups = opened.layers.map(({ linearOp }) => linearOp?.stored ?? []);
  const names = [...new Set([...opened.networkWeights, ...groups.flat()])];
  const total = 1 + (1 + options.cuts) * batching.length;
  let done = 0;
  const report = () => options.onProgress(`batch ${++done} of ${total}`);

  report();
  const whole = await runner.measure(all, names);
  const own = new WeightedMean();
  const measured: ModelMeasurement[] = [];
  for (const samples of batching) {
    report();
    const batch = await runner.measure(samples, names);
    own.add(batch, whole.denominator);
    measured.push({ ...batch, gradients: new Map() });
  }
  const agreements = (average: ReadonlyMap<string, FloatArray>): (Agreement | null)[] =>
    [opened.networkWeights, ...groups].map((group) => {
      const whole_ = group.map((name) => whole.gradients.get(name)?.data as FloatArray);
      return agreementOf(
        group.map((name) => average.get(name) as FloatArray),
        whole_,
      );
    });
  const yours = agreements(own.gradients);
  const shuffled: (Agreement | null)[][] = [];
  for (let cut = 0; cut < options.cuts; cut++) {
    const mean = new WeightedMean();
    for (const samples of shuffledCut(batching, options.seed + cut)) {
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
    count: batching.length,
    meanLoss: own.loss,
    wholeLoss: whole.loss,
    network,
    layers: layers.map((agreement, i) => ({
      agreement,
      blocked: meanAndDeviation(measured.map((batch) => sharesOf(batch.layers[i].shares).blocked)),
      removed: spreadOfRemoved(measured, i),
    })),
    whole,
  };
}

function spreadOfRemoved(measured: readonly ModelMeasurement[], layer: number): Spread | null {
  const removed = measured.flatMap(({ layers }) => layers[layer].weights?.removed ?? []);
  return removed.length === 0 ? null : meanAndDeviation(removed);
}

function compared(own: Agreement | null, cuts: readonly (Agreement | null)[]): AgreementOfBatches | null {
  const values = cuts.flatMap((cut) => cut?.agreement ?? []);
  if (own === null || values.length === 0) return null;
  const shuffled = meanAndDeviation(values);
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
